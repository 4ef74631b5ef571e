"""How many neurons the adder needs, and why no number of them makes up for data on the diagonal."""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from tinyml_pipeline.show.lessons.lesson import Lesson, Sheet, slide
from tinyml_pipeline.show.lessons.network import Training, forward, train

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FROM_FIVE = (5, 10, 20, 50, 100)
NEURONS = (1, 2, *FROM_FIVE)
HEADINGS = ("neurons", "diagonal: own error", "any pair", "10 + 2", "square: own error", "any pair", "10 + 2")


@cache
def errors(neurons: int, *, diagonal: bool) -> tuple[float, float, float]:
    """Root mean squared error on its own data and on 300 pairs from 0 to 100, and the answer to 10 + 2.

    One hidden relu layer; trained on (1, 1), (3, 3) ... (99, 99) where `diagonal`, else on 500 independent pairs.
    Numbers are divided by 100 on the way in and out.
    """
    rng = np.random.default_rng(3)
    square, anywhere = rng.uniform(0, 1, (500, 2)), rng.uniform(0, 1, (300, 2))
    equal = np.repeat(np.arange(1, 100, 2)[:, None] / 100, 2, axis=1)
    pairs = equal if diagonal else square
    how = Training(epochs=300 if diagonal else 60, batch_size=32 if diagonal else 20, rate=0.01, seed=1)
    data, held_out = ((x, x.sum(axis=1, keepdims=True)) for x in (pairs, anywhere))
    curves = train((2, neurons, 1), data, held_out, how)
    answer = forward(curves.final, np.array([[0.1, 0.02]]))[-1]
    return (*(100 * float(c[-1]) ** 0.5 for c in (curves.training, curves.validation)), 100 * float(answer[0, 0]))


def _tenth_above(error: float) -> float:
    """The next tenth: what an error stays below, which rounding would not say."""
    return (math.floor(10 * error) + 1) / 10


def run() -> Sheet:
    found = {n: (errors(n, diagonal=True), errors(n, diagonal=False)) for n in NEURONS}
    rows = tuple((str(n), *(f"{value:.1f}" for value in (*line, *square))) for n, (line, square) in found.items())
    worst = max((n for n in NEURONS if n > 1), key=lambda n: found[n][0][1])
    near = _tenth_above(max(errors(n, diagonal=True)[0] for n in FROM_FIVE))
    far = _tenth_above(max(errors(n, diagonal=False)[1] for n in FROM_FIVE))
    sentences = (
        "One neuron would do, as relu(a + b) is the sum itself; but this one started with a negative output weight, "
        "and descent pushed its relu to 0 for every pair, where no slope is left: it knows the mean and nothing else.",
        f"From five neurons on, networks that saw only equal pairs are within {near:.1f} on their own data, yet "
        f"{found[worst][0][1]:.1f} off on any pair with {worst} neurons: on the diagonal, 2*a and a + b are the same.",
        f"With pairs from the whole square the error on any pair stays below {far:.1f} from five neurons on; data, not "
        "neurons, make the adder.",
    )
    return Sheet(HEADINGS, rows, sentences, lambda: _draw(found))


def _draw(found: dict[int, tuple[tuple[float, float, float], tuple[float, float, float]]]) -> Figure:
    from tinyml_pipeline.show.report.plots import DARK, LIGHT

    figure = slide("Units: neurons against error, for the sum of two numbers from 0 to 100")
    axes = figure.subplots(1, 2)
    neurons = list(found)
    # Both start alike: the upper line leaves an edge of the lower one.
    for side, name, style in (
        (0, "trained on equal pairs", {"color": LIGHT, "marker": "o", "linewidth": 8, "markersize": 17}),
        (1, "trained on any pairs", {"color": DARK, "marker": "s", "linewidth": 2.5, "markersize": 10}),
    ):
        for place, column in zip(axes, (1, 2), strict=True):
            values = [max(found[n][side][column], 0.05) for n in neurons]
            place.plot(neurons, values, **style, label=name)
    axes[0].set(title="error on any pair", ylabel="error of the sum (root mean square)")
    axes[1].set(title="answer to 10 + 2", ylabel="answer")
    axes[1].axhline(12, color="black", linestyle=":", linewidth=2.5, label="12")
    for place in axes:
        place.set(xlabel="neurons in the hidden layer", xscale="log", yscale="log")
        place.set_xticks(neurons, [str(n) for n in neurons])
        place.minorticks_off()
        place.legend()
    axes[0].set_yticks([0.1, 1, 10, 100], ["0.1", "1", "10", "100"])
    axes[1].set_yticks([10, 12, 20, 50, 100], ["10", "12", "20", "50", "100"])
    return figure


LESSON = Lesson("units", "neurons against error for the adder, on the diagonal and on the square", run)
