"""Early stopping: the best network is not the last one, so keep the one of the smallest validation loss."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tinyml_pipeline.show.lessons import _noisy_digits as digits
from tinyml_pipeline.show.lessons.lesson import Lesson, Sheet, slide
from tinyml_pipeline.show.lessons.network import Array, Curves

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PATIENCE = 10
HEADINGS = ("training", "epochs run", "weights of epoch", "training loss", "validation loss", "gap")


def stop(validation: Array, patience: int) -> tuple[int, int]:
    """(epoch at which training ends, epoch whose weights are kept), both from 1, as Keras' EarlyStopping with
    restore_best_weights: it ends once `patience` epochs have gone by without a smaller loss."""
    best = 0
    for epoch in range(1, len(validation)):
        if validation[epoch] < validation[best]:
            best = epoch
        elif epoch - best >= patience:
            return epoch + 1, best + 1
    return len(validation), best + 1


def run() -> Sheet:
    curves = digits.curves(0.0)
    end, kept = stop(curves.validation, PATIENCE)
    rows = []
    for name, epochs, of in (("to the end", digits.EPOCHS, digits.EPOCHS), (f"patience {PATIENCE}", end, kept)):
        training, validation = curves.training[of - 1], curves.validation[of - 1]
        numbers = (f"{training:.2f}", f"{validation:.2f}", f"{validation - training:.2f}")
        rows.append((name, str(epochs), str(of), *numbers))
    gaps = curves.validation - curves.training
    sentences = (
        f"The training loss falls for all {digits.EPOCHS} epochs; the validation loss falls until epoch {kept} and "
        f"then rises again, because what is learned from there on are the wrong labels.",
        f"With a patience of {PATIENCE}, training ends at epoch {end} and takes the weights of epoch {kept} back: "
        f"validation loss {curves.validation[kept - 1]:.2f} instead of {curves.validation[-1]:.2f}.",
        f"The gap stays at {gaps[kept - 1]:.2f} instead of {gaps[-1]:.2f}, and {digits.EPOCHS - end} epochs need not "
        f"be trained at all.",
    )
    return Sheet(HEADINGS, tuple(rows), sentences, lambda: _draw(curves, end, kept))


def _draw(curves: Curves, end: int, kept: int) -> Figure:
    from tinyml_pipeline.show.report.plots import DARK, GREY, LIGHT

    figure = slide("Early stopping: take the best weights, not the last ones")
    place = figure.subplots()
    epochs = np.arange(1, digits.EPOCHS + 1)
    place.axvspan(end, digits.EPOCHS, color=GREY, alpha=0.2, label="not trained any more")
    place.plot(epochs, curves.validation, "--", color=LIGHT, linewidth=3.5, label="validation")
    place.plot(epochs, curves.training, color=DARK, linewidth=3, label="training")
    place.plot(kept, curves.validation[kept - 1], "o", color="black", markersize=14, label=f"kept: epoch {kept}")
    place.axvline(end, color="black", linewidth=2, linestyle=":", label=f"stopped: epoch {end}")
    place.set(xlabel="epoch", ylabel="categorical cross-entropy", ylim=(0, 1.5), xlim=(0, digits.EPOCHS))
    place.legend(loc="upper right")
    return figure


LESSON = Lesson("early-stopping", "when to stop: the smallest validation loss, with patience", run)
