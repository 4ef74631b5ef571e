"""Forward propagation through `bank`, node by node, with each activation."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from pipeline.lessons.lesson import SLIDE, Lesson, Sheet

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Array = npt.NDArray[np.float64]
INPUTS = np.array([2.0, 3])
HIDDEN = np.array([(1.0, 1), (-1, 1)])
"""One row a node: its weights for children and accounts."""
OUTPUT = np.array([2.0, -1])
ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "none": lambda z: z,
    "relu": lambda z: np.maximum(z, 0),
    "tanh": np.tanh,
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
}
HEADINGS = ("activation", "node 1 gets", "node 1 gives", "node 2 gets", "node 2 gives", "output")


def forward(activation: str) -> tuple[Array, Array, float]:
    """What the two hidden nodes get, what they give, and the output."""
    sums = HIDDEN @ INPUTS
    values = ACTIVATIONS[activation](sums)
    return sums, values, float(OUTPUT @ values)


def run() -> Sheet:
    rows = []
    for name in ACTIVATIONS:
        sums, values, output = forward(name)
        nodes = [text for z, a in zip(sums, values, strict=True) for text in (f"{z:g}", f"{a:.5g}")]
        rows.append((name, *nodes, f"{output:.2f}"))
    sentences = (
        "A node multiplies each input by its weight and adds: 2 children and 3 accounts give 2*1 + 3*1 = 5 in the "
        "first node and 2*(-1) + 3*1 = 1 in the second.",
        "Without activation the output is 5*2 + 1*(-1) = 9, and with relu too, because neither sum is below 0.",
        "tanh presses 5 to 0.99991 and 1 to 0.76159, so the output is 2*0.99991 - 0.76159 = 1.24: the activation, not "
        "only the weights, decides what a network says.",
    )
    return Sheet(HEADINGS, tuple(rows), sentences, _draw)


def _draw() -> Figure:
    from pipeline.report.plots import DARK, LIGHT, new_figure

    figure = new_figure(*SLIDE)
    axes = figure.subplots(1, 2)
    for place, name in zip(axes, ("relu", "tanh"), strict=True):
        sums, values, output = forward(name)
        spots = {"in0": (0, 1), "in1": (0, 0), "h0": (1, 1), "h1": (1, 0), "out": (2, 0.5)}
        edges = [
            ("in0", "h0", 1),
            ("in1", "h0", 1),
            ("in0", "h1", -1),
            ("in1", "h1", 1),
            ("h0", "out", 2),
            ("h1", "out", -1),
        ]
        for start, end, weight in edges:
            (x0, y0), (x1, y1) = spots[start], spots[end]
            place.plot([x0, x1], [y0, y1], color=DARK, linewidth=2, zorder=1)
            share = 0.28 if y0 != y1 and end != "out" else 0.42
            where = (x0 + share * (x1 - x0), y0 + share * (y1 - y0))
            place.text(*where, f"{weight:g}", ha="center", va="center", fontsize=20, zorder=2,
                       bbox={"facecolor": "white", "edgecolor": "none", "pad": 2})  # fmt: skip
        texts = {"in0": "2", "in1": "3", "h0": f"{values[0]:.4g}", "h1": f"{values[1]:.4g}", "out": f"{output:.3g}"}
        for key, text in texts.items():
            color = LIGHT if key == "out" else "white"
            place.scatter(*spots[key], s=5600, color=color, edgecolor=DARK, linewidth=3, zorder=3)
            place.text(*spots[key], text, ha="center", va="center", fontsize=19, zorder=4)
        for key, text in {"in0": "children", "in1": "accounts", "out": "transactions"}.items():
            x, y = spots[key]
            place.text(x, y + _label_offset(y), text, ha="center", fontsize=17)
        for key, z in (("h0", sums[0]), ("h1", sums[1])):
            x, y = spots[key]
            place.text(x, y + _label_offset(y), f"{name}({z:g})", ha="center", fontsize=17)
        place.set(title=name, xlim=(-0.45, 2.5), ylim=(-0.4, 1.4))
        place.axis("off")
    figure.suptitle("Forward: the bank's network, node by node")
    return figure


def _label_offset(y: float) -> float:
    """Above the upper nodes and below the others, clear of the lines."""
    return 0.2 if y == 1 else -0.27


LESSON = Lesson("forward", "a network computed node by node, with each activation", run)
