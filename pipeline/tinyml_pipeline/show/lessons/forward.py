"""Forward propagation through `bank`, node by node, with each activation."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from tinyml_pipeline.show.lessons.lesson import Lesson, Sheet, slide
from tinyml_pipeline.show.report.plots import DARK, LIGHT

if TYPE_CHECKING:
    from matplotlib.axes import Axes
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


# A panel in inches from its lower left corner: the middle of each node, and its width and height.
_PANEL = (6.2, 2.7)
_NODES = {
    "children": (0.7, 2.15, 1.3, 0.75),
    "accounts": (0.7, 0.55, 1.3, 0.75),
    "node 1": (2.95, 2.15, 1.5, 0.75),
    "node 2": (2.95, 0.55, 1.5, 0.75),
    "transactions": (5.3, 1.35, 1.7, 0.75),
}
_INPUTS, _HIDDEN, _OUTPUT = ("children", "accounts"), ("node 1", "node 2"), "transactions"


def _draw() -> Figure:
    figure = slide("Forward: the bank's network, node by node; dashed = negative weight")
    for place, name in zip(figure.subplots(2, 2).flat, ACTIVATIONS, strict=True):
        place.set(title="no activation" if name == "none" else name, xlim=(0, _PANEL[0]), ylim=(0, _PANEL[1]))
        place.axis("off")
        for node, row in zip(_HIDDEN, HIDDEN, strict=True):
            for number, (start, weight) in enumerate(zip(_INPUTS, row, strict=True)):
                _arrow(place, start, node, weight, number)
        for number, (start, weight) in enumerate(zip(_HIDDEN, OUTPUT, strict=True)):
            _arrow(place, start, _OUTPUT, weight, number)
        sums, values, output = forward(name)
        for node, value in zip(_INPUTS, INPUTS, strict=True):
            _box(place, node, f"{node}\n{value:g}", "white")
        for node, z, a in zip(_HIDDEN, sums, values, strict=True):
            _box(place, node, f"{z:g}" if name == "none" else f"{name}({z:g})\n= {a:.4g}", "white")
        _box(place, _OUTPUT, f"{_OUTPUT}\n{output:.3g}", LIGHT)
    return figure


def _arrow(place: Axes, start: str, end: str, weight: float, number: int) -> None:
    """To the upper half of a node from the input with number 0, to the lower half from the other."""
    (x0, y0, width0, _), (x1, y1, width1, height) = _NODES[start], _NODES[end]
    x0, x1, y1 = x0 + width0 / 2, x1 - width1 / 2, y1 + height * (0.25 - 0.5 * number)
    neck = (x0 + 0.9 * (x1 - x0), y0 + 0.9 * (y1 - y0))
    place.plot([x0, neck[0]], [y0, neck[1]], color=DARK, linewidth=2, linestyle=(0, (4, 2.5)) if weight < 0 else "-")
    # The head on its own: in one piece with the line its edge would be dashed as well.
    head = {"arrowstyle": "-|>,head_length=0.7,head_width=0.35", "color": DARK, "shrinkA": 0, "shrinkB": 0}
    place.annotate("", (x1, y1), neck, arrowprops=head)
    back = {"facecolor": "white", "edgecolor": "none", "pad": 2}
    place.text(x0 + 0.3 * (x1 - x0), y0 + 0.3 * (y1 - y0), f"{weight:g}", ha="center", va="center", bbox=back)


def _box(place: Axes, node: str, text: str, color: str) -> None:
    from matplotlib.patches import FancyBboxPatch

    x, y, width, height = _NODES[node]
    style = "round,pad=0,rounding_size=0.1"
    corner = (x - width / 2, y - height / 2)
    place.add_patch(FancyBboxPatch(corner, width, height, style, facecolor=color, edgecolor=DARK, linewidth=2.5))
    place.text(x, y, text, ha="center", va="center")


LESSON = Lesson("forward", "a network computed node by node, with each activation", run)
