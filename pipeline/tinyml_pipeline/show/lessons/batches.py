"""Full batch, mini-batch and single samples: how fast the loss falls by update and by time."""

from __future__ import annotations

import time
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from tinyml_pipeline.show.lessons.lesson import Lesson, Sheet, slide
from tinyml_pipeline.show.lessons.network import Array, Weights, glorot, gradients, loss

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SAMPLES, SIZES, RATE, UPDATES = 2000, (2, 20, 1), 0.05, 400
BATCHES = {2000: "full batch", 32: "mini-batch", 1: "single samples"}
UPDATE_US = {2000: 456, 32: 24, 1: 17}
"""Microseconds of one update, measured once by `measure` on one core of an x86 processor: kept here, because a picture
that is made again must be the same. Page and picture say so."""
HEADINGS = ("batch size", "updates an epoch", "one update, x86", "loss after 400 updates", "loss after 5 ms")
MOMENT_MS = 5


def _data() -> tuple[Array, Array]:
    rng = np.random.default_rng(1)
    pairs = rng.uniform(0, 1, (SAMPLES, 2))
    return pairs, pairs.sum(axis=1, keepdims=True) + rng.normal(0, 0.1, (SAMPLES, 1))


def _update(weights: Weights, x: Array, y: Array) -> Weights:
    return [w - RATE * g for w, g in zip(weights, gradients(weights, x, y, classes=False), strict=True)]


@cache
def losses(batch_size: int) -> Array:
    """Loss on all samples before the first update and after each, by SGD from the same start: (UPDATES + 1,)."""
    x, y = _data()
    weights, rng = glorot(SIZES, np.random.default_rng(2)), np.random.default_rng(3)
    found, queue = [loss(weights, x, y, classes=False)], np.array([], int)
    for _ in range(UPDATES):
        if len(queue) < batch_size:
            queue = rng.permutation(SAMPLES)
        batch, queue = queue[:batch_size], queue[batch_size:]
        weights = _update(weights, x[batch], y[batch])
        found.append(loss(weights, x, y, classes=False))
    return np.array(found)


def measure(batch_size: int) -> float:
    """Microseconds of one update here and now, the best of five rounds."""
    x, y = (values[:batch_size] for values in _data())
    weights, best = glorot(SIZES, np.random.default_rng(2)), float("inf")
    for _ in range(5):
        start = time.perf_counter()
        for _ in range(200):
            weights = _update(weights, x, y)
        best = min(best, (time.perf_counter() - start) / 200)
    return best * 1e6


def run() -> Sheet:
    rows = []
    after = {}
    for size, name in BATCHES.items():
        curve = losses(size)
        after[size] = float(curve[min(UPDATES, MOMENT_MS * 1000 // UPDATE_US[size])])
        rows.append((f"{size:,}: {name}", f"{SAMPLES // size:,}", f"{UPDATE_US[size]} us", f"{curve[-1]:.4f}",
                     f"{after[size]:.4f}"))  # fmt: skip
    sentences = (
        f"All three start alike and have {SAMPLES:,} noisy sums: the full batch uses every sample for one update, the "
        "mini-batch 32, the last one a single sample.",
        "By update, the full batch goes down smoothly and the mini-batch nearly so, while single samples jump about: "
        "each pulls its own way.",
        "By time, measured once on one core of an x86 processor, an update of the full batch costs "
        f"{UPDATE_US[2000] / UPDATE_US[32]:.0f} times one of the mini-batch; after {MOMENT_MS} ms the "
        f"losses are {after[2000]:.3f}, {after[32]:.3f} and {after[1]:.3f}.",
    )
    return Sheet(HEADINGS, tuple(rows), sentences, _draw)


def _draw() -> Figure:
    from tinyml_pipeline.show.report.plots import DARK, GREY, LIGHT

    figure = slide("Batches: the same samples, taken all at once, by 32 and one by one")
    left, right = figure.subplots(1, 2, sharey=True)
    # The mini-batch covers the full batch on the left, so that is drawn as a broad band below it.
    styles = {1: (GREY, 1.5), 2000: (LIGHT, 8), 32: (DARK, 2.5)}
    for size, (color, width) in styles.items():
        curve = losses(size)
        name = f"{BATCHES[size]} ({size:,})"
        left.plot(curve, color=color, linewidth=width, label=name)
        right.plot(np.arange(UPDATES + 1) * UPDATE_US[size] / 1000, curve, color=color, linewidth=width, label=name)
    left.set(title="by update", xlabel="update", ylabel="mean squared error, all samples", yscale="log")
    right.set(title="by time", xlabel="time on an x86 core [ms]", xlim=(0, 1.3 * MOMENT_MS))
    left.set_yticks([0.01, 0.02, 0.05, 0.1, 0.2, 0.5], ["0.01", "0.02", "0.05", "0.1", "0.2", "0.5"])
    left.minorticks_off()
    left.legend()
    return figure


LESSON = Lesson("batches", "full batch, mini-batch, single samples: loss by update and by time", run)
