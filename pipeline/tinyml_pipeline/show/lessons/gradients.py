"""The partial derivatives of `plane`, by the chain rule on paper and by tf.GradientTape, and the weights after each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tinyml_pipeline.show.lessons.lesson import Lesson, Sheet, slide

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Array = npt.NDArray[np.float64]
POINTS = np.array([(2.0, 3), (1, 1), (3, -1), (-1, 1), (-3, -2)])
TARGETS = np.array([18.0, 10, 8, 6, -7])
START = (5.0, 8, -2)
RATE = 0.02
EPOCHS = 200
SHOWN = 15
COMPARED_EPOCHS = 20
HEADINGS = ("iteration", "x1, x2", "y", "error", "dE/dw1", "dE/dw2", "dE/db", "w1", "w2", "b", "tape, graph")


def by_hand(epochs: int = EPOCHS) -> tuple[Array, Array]:
    """Slopes (iterations, 3) and the weights after each (iterations, 3); E = (w1*x1 + w2*x2 + b - y)^2, so
    dE/dw1 = 2 * error * x1, dE/dw2 = 2 * error * x2 and dE/db = 2 * error."""
    weights, slopes, after = np.array(START), [], []
    for _ in range(epochs):
        for (x1, x2), y in zip(POINTS, TARGETS, strict=True):
            error = weights[0] * x1 + weights[1] * x2 + weights[2] - y
            slopes.append([2 * error * x1, 2 * error * x2, 2 * error])
            weights = weights - RATE * np.array(slopes[-1])
            after.append(weights)
    return np.array(slopes), np.array(after)


def by_tape(epochs: int = EPOCHS, *, graph: bool) -> tuple[Array, Array]:
    """The same by tf.GradientTape: eager, or compiled by tf.function where `graph`."""
    from tinyml_pipeline.training.keras_import import import_keras

    tf, _ = import_keras()
    weights = [tf.Variable(value, dtype=tf.float64) for value in START]

    def iteration(x1: Any, x2: Any, y: Any) -> Any:
        with tf.GradientTape() as tape:
            error = weights[0] * x1 + weights[1] * x2 + weights[2] - y
            loss = error * error
        slopes = tape.gradient(loss, weights)
        for weight, slope in zip(weights, slopes, strict=True):
            weight.assign_sub(RATE * slope)
        return slopes

    step = tf.function(iteration) if graph else iteration
    points = [(tf.constant(x1), tf.constant(x2), tf.constant(y)) for (x1, x2), y in zip(POINTS, TARGETS, strict=True)]
    slopes, after = [], []
    for _ in range(epochs):
        for point in points:
            slopes.append([float(slope) for slope in step(*point)])
            after.append([float(weight) for weight in weights])
    return np.array(slopes), np.array(after)


def slopes_of_one_node(inputs: Array, weights: Array, target: float) -> tuple[float, Array]:
    """Error of a node without bias, and the slope of its squared error for each weight: 2 * error * input."""
    error = float(inputs @ weights) - target
    return error, 2 * error * inputs


def run() -> Sheet:
    slopes, after = by_hand()
    rest = len(TARGETS)
    tapes = [by_tape(COMPARED_EPOCHS, graph=graph) for graph in (False, True)]
    compared = COMPARED_EPOCHS * rest
    same = [
        all(
            np.allclose(ours[number], theirs[number], rtol=1e-6, atol=1e-6)
            for tape in tapes
            for ours, theirs in zip((slopes, after), tape, strict=True)
        )
        for number in range(compared)
    ]
    rows = []
    for number in range(SHOWN):
        (x1, x2), y = POINTS[number % rest], TARGETS[number % rest]
        numbers = (slopes[number][2] / 2, *slopes[number], *after[number])
        row = [f"{value:.6f}" for value in numbers]
        rows.append((str(number + 1), f"{x1:g}, {x2:g}", f"{y:g}", *row, "equal" if same[number] else "DIFFERENT"))
    last = after[-1]
    error, node = slopes_of_one_node(np.array([1.0, 3]), np.array([1.0, 2]), 4)
    sentences = (
        "For one point the loss is error squared, so the chain rule gives 2 * error times what stands beside the "
        f"weight; inputs 1 and 3 with weights 1 and 2 give 7, target 4, error {error:g}: slopes {node[0]:g} and "
        f"{node[1]:g}.",
        "The first point (2, 3) gives 5*2 + 8*3 - 2 = 32 instead of 18, error 14, slopes 56, 84 and 28; times the rate "
        "0.02 they take w1 from 5 to 3.88, w2 from 8 to 6.32 and b from -2 to -2.56.",
        f"tf.GradientTape finds the same slopes and weights to six digits in {sum(same)} of {compared} iterations, "
        f"eager and under tf.function; after {EPOCHS} "
        f"rounds of the five points the weights are {last[0]:.3f}, {last[1]:.3f} and {last[2]:.3f}: y = 2*x1 + 3*x2 + "
        f"5.",
    )
    return Sheet(HEADINGS, tuple(rows), sentences, lambda: _draw(slopes, after))


def _draw(slopes: Array, after: Array) -> Figure:
    from tinyml_pipeline.show.report.plots import DARK, LIGHT

    figure = slide("Gradients: y = 2*x1 + 3*x2 + 5, started at 5, 8 and -2, rate 0.02")
    left, right = figure.subplots(1, 2)
    styles = [(DARK, "-", "w1", 2), (LIGHT, "--", "w2", 3), ("black", ":", "b", 5)]
    shown = 40
    for column, (color, line, name, goal) in enumerate(styles):
        left.plot(range(1, shown + 1), slopes[:shown, column], line, color=color, linewidth=3, label=f"dE/d{name}")
        path = np.concatenate([[START[column]], after[:200, column]])
        right.plot(path, line, color=color, linewidth=3, label=f"{name} to {goal}")
        right.axhline(goal, color=color, linewidth=0.8)
    left.set(title="partial derivatives", xlabel="iteration (one point each)", ylabel="slope of the squared error")
    right.set(title="weights after it", xlabel="iteration (one point each)", ylabel="weight, bias")
    left.legend()
    right.legend()
    return figure


LESSON = Lesson("gradients", "partial derivatives by hand and by tf.GradientTape, iteration by iteration", run)
