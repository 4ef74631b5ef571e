"""Overfitting: a larger network follows the noise of a few sums, and adds worse for it."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from tinyml_pipeline.show.lessons.lesson import Lesson, Sheet, slide
from tinyml_pipeline.show.lessons.network import Array, Training, train

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NEURONS = (5, 10, 20, 50, 100)
SEEDS = (1, 2, 3)
PAIRS, TEST_PAIRS, NOISE = 25, 300, 10
HEADINGS = ("neurons a layer", "parameters", "error on its 25 pairs", "error on 300 new pairs")


@cache
def errors(neurons: int) -> tuple[float, float]:
    """Root mean squared error on the training and on new pairs: a 2-n-n-1 network, 600 epochs, over three starts.

    The training sums of two numbers from 0 to 100 carry noise of standard deviation NOISE; the new ones carry none.
    """
    few, many, noise = _data()
    noisy = few.sum(axis=1, keepdims=True) + noise
    held_out = (many, many.sum(axis=1, keepdims=True))
    squares = []
    for seed in SEEDS:
        how = Training(epochs=600, batch_size=PAIRS, rate=0.01, seed=seed)
        curves = train((2, neurons, neurons, 1), (few, noisy), held_out, how)
        squares.append((curves.training[-1], curves.validation[-1]))
    own, new = 100 * np.sqrt(np.mean(squares, axis=0))
    return float(own), float(new)


def error_of_the_true_sum() -> float:
    """What is left on the training pairs for whoever knows how to add: the noise drawn, root mean square."""
    return 100 * float(np.sqrt(np.mean(_data()[2] ** 2)))


def _data() -> tuple[Array, Array, Array]:
    """Training pairs, new pairs, and the noise of the training sums, all divided by 100."""
    rng = np.random.default_rng(7)
    few, many = rng.uniform(0, 1, (PAIRS, 2)), rng.uniform(0, 1, (TEST_PAIRS, 2))
    return few, many, rng.normal(0, NOISE / 100, (PAIRS, 1))


def parameters(neurons: int) -> int:
    """Of a network 2-n-n-1: (inputs + 1) * units, layer by layer."""
    return 3 * neurons + (neurons + 1) * neurons + neurons + 1


def run() -> Sheet:
    found = {neurons: errors(neurons) for neurons in NEURONS}
    rows = tuple((str(n), f"{parameters(n):,}", f"{own:.1f}", f"{new:.1f}") for n, (own, new) in found.items())
    best = min(found, key=lambda n: round(found[n][1], 1))
    last = found[NEURONS[-1]]
    sentences = (
        f"{PAIRS} sums of two numbers from 0 to 100 were measured with noise of {NOISE}; the networks never see the "
        f"true sum.",
        f"More neurons come closer to those {PAIRS} pairs, from {found[NEURONS[0]][0]:.1f} down to {last[0]:.1f}; "
        f"the true sum itself is {error_of_the_true_sum():.1f} off there, so what they gain is the noise, learned by "
        "heart.",
        f"On new pairs the error is smallest with {best} neurons a layer ({found[best][1]:.1f}) and rises to "
        f"{last[1]:.1f} with {NEURONS[-1]}: more parameters than the data can hold in check.",
    )
    return Sheet(HEADINGS, rows, sentences, lambda: _draw(found))


def _draw(found: dict[int, tuple[float, float]]) -> Figure:
    from tinyml_pipeline.show.report.plots import DARK, GREY, LIGHT

    figure = slide("Overfit: sums of two numbers from 0 to 100, learned from a few noisy ones")
    place = figure.subplots()
    place.plot(list(found), [new for _, new in found.values()], "o--", color=LIGHT, linewidth=3.5, markersize=11,
               label=f"{TEST_PAIRS} new pairs")  # fmt: skip
    place.plot(list(found), [own for own, _ in found.values()], "o-", color=DARK, linewidth=3, markersize=9,
               label=f"the {PAIRS} pairs it learned")  # fmt: skip
    true = error_of_the_true_sum()
    name = f"the true sum, on the same {PAIRS} pairs: {true:.1f}"
    place.axhline(true, color=GREY, linestyle=":", linewidth=3, label=name)
    place.set_xscale("log")
    place.set_xticks(list(found), [str(n) for n in found])
    place.minorticks_off()
    place.set(xlabel="neurons in each of two hidden layers", ylabel="error of the sum (root mean square)")
    place.set_ylim(0, 1.4 * NOISE)
    place.legend(loc="upper left")
    return figure


LESSON = Lesson("overfit", "more neurons, smaller training error, larger error on new pairs", run)
