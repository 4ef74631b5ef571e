"""Dropout: with half of the neurons left out at random in each step, a network learns less by heart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tinyml_pipeline.show.lessons import _noisy_digits as digits
from tinyml_pipeline.show.lessons.lesson import Lesson, Sheet, slide
from tinyml_pipeline.show.lessons.network import Curves

if TYPE_CHECKING:
    from matplotlib.figure import Figure

RATES = (0.0, 0.5)
HEADINGS = ("dropout", "epochs", "training loss", "validation loss", "gap")


def run() -> Sheet:
    found = {rate: digits.curves(rate) for rate in RATES}
    rows = []
    for rate, curves in found.items():
        training, validation = curves.training[-1], curves.validation[-1]
        name = f"{rate:g}" if rate else "none"
        rows.append((name, str(digits.EPOCHS), f"{training:.2f}", f"{validation:.2f}", f"{validation - training:.2f}"))
    without, half = (found[rate].validation[-1] - found[rate].training[-1] for rate in RATES)
    sentences = (
        f"{digits.IMAGES} images of digits, {digits.WRONG} of them with a label by chance: the network of 100 hidden "
        f"neurons learns even those, and its loss on {digits.VALIDATION} new images rises.",
        "Dropout sets half of the hidden values to 0, others at each step, and doubles the rest: no neuron can rely on "
        "another one, and wrong labels are harder to learn by heart.",
        f"The gap between training and validation loss falls from {without:.2f} to {half:.2f}; dropout works only in "
        "training, so it costs the chip nothing.",
    )
    return Sheet(HEADINGS, tuple(rows), sentences, lambda: _draw(found))


def _draw(found: dict[float, Curves]) -> Figure:
    from tinyml_pipeline.show.report.plots import DARK, GREY, LIGHT

    figure = slide("Dropout: the gap between training and validation loss")
    axes = figure.subplots(1, 2, sharey=True)
    epochs = range(1, digits.EPOCHS + 1)
    for place, (rate, curves) in zip(axes, found.items(), strict=True):
        place.fill_between(epochs, curves.training, curves.validation, color=GREY, alpha=0.25, label="gap")
        place.plot(epochs, curves.validation, "--", color=LIGHT, linewidth=3.5, label="validation")
        place.plot(epochs, curves.training, color=DARK, linewidth=3, label="training")
        place.set(title=f"dropout {rate:g}" if rate else "without dropout", xlabel="epoch", ylim=(0, 1.5))
        place.legend()
    axes[0].set_ylabel("categorical cross-entropy")
    return figure


LESSON = Lesson("dropout", "the gap between training and validation loss, with and without dropout", run)
