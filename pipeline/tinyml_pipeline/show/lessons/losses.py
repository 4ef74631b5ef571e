"""What a prediction costs: quadratic cost, binary and categorical cross-entropy, and what each says to the neuron."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from tinyml_pipeline.show.lessons.lesson import Lesson, Sheet, slide

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Array = npt.NDArray[np.float64]
PREDICTIONS = (0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99)
HEADINGS = (
    "prediction",
    "quadratic",
    "binary, y = 1",
    "binary, y = 0",
    "categorical",
    "slope quadratic",
    "slope binary",
)


def quadratic(p: Array, y: float = 1) -> Array:
    """(p - y)^2, Keras' mean squared error of one sample."""
    return np.asarray((p - y) ** 2)


def binary(p: Array, y: float = 1) -> Array:
    """-(y ln p + (1 - y) ln(1 - p))."""
    return np.asarray(-(y * np.log(p) + (1 - y) * np.log(1 - p)))


def categorical(p: Array, right: int = 0) -> Array:
    """-ln of what the right class got; `p` is (..., classes) and sums to 1."""
    return np.asarray(-np.log(p[..., right]))


def three_classes(p: Array) -> Array:
    """The right class gets p, two others share the rest."""
    return np.stack([p, (1 - p) / 2, (1 - p) / 2], axis=-1)


def slope_quadratic(p: Array) -> Array:
    """Of the quadratic cost at y = 1, for the sum that goes into a sigmoid: 2 (p - 1) p (1 - p)."""
    return np.asarray(2 * (p - 1) * p * (1 - p))


def slope_binary(p: Array) -> Array:
    """Of the binary cross-entropy at y = 1, for the same sum: p - 1."""
    return np.asarray(p - 1)


def run() -> Sheet:
    p = np.array(PREDICTIONS)
    columns = [
        quadratic(p),
        binary(p),
        binary(p, 0),
        categorical(three_classes(p)),
        slope_quadratic(p),
        slope_binary(p),
    ]
    rows = tuple((f"{value:g}", *(f"{column[i]:.4f}" for column in columns)) for i, value in enumerate(p))
    sentences = (
        "The quadratic cost of a prediction between 0 and 1 never exceeds 1; cross-entropy has no limit: 0.01 for what "
        "is true costs -ln 0.01 = 4.61, and each ten times as sure of the wrong thing 2.30 more.",
        "Binary cross-entropy judges one probability, for both answers; categorical cross-entropy looks only at what "
        "the right class got, and is the same curve -ln p.",
        "Behind a sigmoid, at p = 0.01, the quadratic cost pulls with a slope of -0.02 and cross-entropy with -0.99: "
        "the neuron that is most wrong hardly learns with the first and fastest with the second.",
    )
    return Sheet(HEADINGS, rows, sentences, _draw)


def _draw() -> Figure:
    from tinyml_pipeline.show.report.plots import DARK, GREY, LIGHT

    figure = slide("Losses: quadratic cost and cross-entropy")
    left, right = figure.subplots(1, 2)
    p = np.linspace(0.005, 0.995, 400)
    left.plot(p, categorical(three_classes(p)), color=LIGHT, linewidth=9, alpha=0.7, label="categorical, right class")
    left.plot(p, binary(p), color=DARK, linewidth=3, label="binary, y = 1")
    left.plot(p, binary(p, 0), ":", color="black", linewidth=3, label="binary, y = 0")
    left.plot(p, quadratic(p), "--", color=GREY, linewidth=4, label="quadratic, y = 1")
    left.set(title="what it costs", xlabel="prediction p (probability)", ylabel="loss", ylim=(0, 5.3))
    left.legend(loc="upper center", fontsize=15)
    right.plot(p, slope_binary(p), color=DARK, linewidth=3, label="binary: p - 1")
    right.plot(p, slope_quadratic(p), "--", color=GREY, linewidth=4, label="quadratic: 2(p-1)p(1-p)")
    right.set(title="how it pulls behind a sigmoid, y = 1", xlabel="prediction p (probability)", ylabel="slope")
    right.legend(loc="lower right", fontsize=15)
    return figure


LESSON = Lesson("losses", "quadratic cost, binary and categorical cross-entropy over the prediction", run)
