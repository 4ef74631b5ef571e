"""Gradient descent on the two weights of `linear`: what the learning rate does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from tinyml_pipeline.show.lessons.lesson import Lesson, Sheet, slide

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Array = npt.NDArray[np.float64]
X = np.array([-1.0, 0, 1, 2, 3, 4])
Y = 2 * X - 1
START = (0.0, 0.0)
EPOCHS = 50
SMALL, RIGHT, LARGE, ADAM = 0.005, 0.1, 0.182, 0.3
HEADINGS = ("learning rate", "epochs", "weight", "bias", "loss", "what it does")


def loss(weight: Array | float, bias: Array | float) -> Array:
    """Mean squared error over the six points, for every pair of weight and bias."""
    error = np.asarray(weight)[..., None] * X + np.asarray(bias)[..., None] - Y
    return np.asarray(np.mean(error**2, axis=-1))


def slopes(weight: float, bias: float) -> Array:
    """The partial derivatives of the loss: mean of 2 * error * x, and mean of 2 * error."""
    error = weight * X + bias - Y
    return np.array([np.mean(2 * error * X), np.mean(2 * error)])


def sgd(rate: float) -> Array:
    """Weight and bias before the first epoch and after each, (EPOCHS + 1, 2): w - rate * slope."""
    path = [np.array(START)]
    for _ in range(EPOCHS):
        path.append(path[-1] - rate * slopes(*path[-1]))
    return np.array(path)


def adam(rate: float) -> Array:
    """The same by Adam: a step of its own for each weight, from running means of slope and squared slope."""
    path, mean, square = [np.array(START)], np.zeros(2), np.zeros(2)
    for step in range(1, EPOCHS + 1):
        slope = slopes(*path[-1])
        mean, square = 0.9 * mean + 0.1 * slope, 0.999 * square + 0.001 * slope**2
        move = (mean / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.999**step)) + 1e-7)
        path.append(path[-1] - rate * move)
    return np.array(path)


def largest_rate() -> float:
    """Above 2 / (steepest curvature of the surface), every step of SGD ends farther off than it began."""
    curvature = 2 * np.array([[np.mean(X * X), np.mean(X)], [np.mean(X), 1]])
    return float(2 / np.linalg.eigvalsh(curvature)[-1])


def run() -> Sheet:
    paths = [
        (f"SGD {SMALL:g}: too small", sgd(SMALL), "creeps"),
        (f"SGD {RIGHT:g}: right", sgd(RIGHT), "arrives"),
        (f"SGD {LARGE:g}: too large", sgd(LARGE), "overshoots, farther each time"),
        (f"Adam {ADAM:g}: adaptive", adam(ADAM), "rolls past, comes back"),
    ]
    rows = []
    for name, path, what in paths:
        weight, bias = path[-1]
        rows.append((name, str(EPOCHS), f"{weight:.3f}", f"{bias:.3f}", f"{loss(weight, bias):.3g}", what))
    sentences = (
        f"From weight 0 and bias 0 the slopes of the loss are {slopes(*START)[0]:.3f} and {slopes(*START)[1]:.3f}; "
        f"each epoch takes the rate times the slope off, towards weight 2 and bias -1.",
        f"The surface is steepest along one direction; above a rate of {largest_rate():.3f} each step lands higher on "
        "the other side of the valley than it started, and the loss grows.",
        "A small rate is safe but leaves the flat bottom of the valley for later; Adam divides each slope by its usual "
        "size, so that both weights move at a like speed, and momentum carries it past the goal and back.",
    )
    return Sheet(HEADINGS, tuple(rows), sentences, lambda: _draw([(name, path) for name, path, _ in paths]))


def _draw(paths: list[tuple[str, Array]]) -> Figure:
    from matplotlib.colors import LogNorm

    from tinyml_pipeline.show.report.plots import DARK, GREY, LIGHT

    figure = slide("Descent: y = 2x - 1, star = goal, darker = higher loss")
    places = figure.subplot_mosaic([["0", "1", "loss"], ["2", "3", "loss"]], width_ratios=[1, 1, 1.5])
    weights, biases = np.meshgrid(np.linspace(-5, 9, 120), np.linspace(-5, 4, 120))
    surface = loss(weights, biases)
    for number, (name, path) in enumerate(paths):
        place = places[str(number)]
        place.contourf(weights, biases, surface, np.geomspace(0.05, 400, 12), norm=LogNorm(), cmap="Greys", alpha=0.6,
                       extend="both")  # fmt: skip
        place.plot(path[:, 0], path[:, 1], "-", color=DARK, linewidth=1.5, marker="o", markersize=4)
        place.plot(2, -1, "*", color=LIGHT, markersize=20, markeredgecolor="black")
        place.set(title=name, xlim=(-5, 9), ylim=(-5, 4), yticks=(-4, 0, 4))
        place.grid(False)
        if number >= 2:
            place.set_xlabel("weight")
        if number % 2 == 0:
            place.set_ylabel("bias")
    styles = [(GREY, "-."), (DARK, "-"), (LIGHT, "--"), ("black", ":")]
    spots = [(50, 2), (12, 0.004), (1, 150), (50, 0.2)]
    for (name, path), (color, line), spot in zip(paths, styles, spots, strict=True):
        places["loss"].plot(loss(path[:, 0], path[:, 1]), line, color=color, linewidth=3)
        side = "right" if spot[0] == EPOCHS else "left"
        places["loss"].text(*spot, name.split(": ")[1], ha=side)
    places["loss"].set(
        title="loss by epoch", xlabel="epoch", ylabel="mean squared error", yscale="log", ylim=(1e-5, 1e3)
    )
    places["loss"].minorticks_off()
    return figure


LESSON = Lesson("descent", "what the learning rate does: too small, right, too large, adaptive", run)
