"""The range test on three models: how the loss turns as the rate grows, and what the rate found is worth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

from tinyml_pipeline.models.catalog import load_spec
from tinyml_pipeline.show.lessons.descent import largest_rate
from tinyml_pipeline.show.lessons.lesson import Lesson, Sheet, slide

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from tinyml_pipeline.training.lr_find import RangeTest

Columns = Mapping[str, Sequence[float]]
MODELS = ("linear", "adder", "digits")
HEADINGS = ("model", "epochs", "rate of its spec", "loss with it", "the turn", "rate found", "loss with it")


@dataclass(frozen=True)
class Comparison:
    """The columns of two histories, with the spec's rate and the one found: same start, order and epochs."""

    test: RangeTest
    own_rate: float
    own: Columns
    found: Columns


@cache
def compare(model: str) -> Comparison:
    """The range test, and two whole trainings, with the spec's rate and with the one found; no early stopping."""
    from tinyml_pipeline.training.lr_find import find_learning_rate
    from tinyml_pipeline.training.overrides import Overrides, override
    from tinyml_pipeline.training.schedules import learning_rates
    from tinyml_pipeline.training.train import train

    spec = replace(load_spec(model), callbacks=list)
    test = find_learning_rate(spec)
    both = (spec, override(spec, Overrides(learning_rate=test.found)))
    own, found = (train(each, lambda _: None).history.columns for each in both)
    return Comparison(test, float(learning_rates(spec)[1][0]), own, found)


def run() -> Sheet:
    found = {model: compare(model) for model in MODELS}
    rows = []
    for model, case in found.items():
        own, taken = case.own["loss"], case.found["loss"]
        rows.append((model, str(len(own)), f"{case.own_rate:g}", f"{own[-1]:.2g}", f"{case.test.turn:.2g}",
                     f"{case.test.found:g}", f"{taken[-1]:.2g}"))  # fmt: skip
    linear, digits = found["linear"], found["digits"]
    sentences = (
        "The range test trains with a rate that grows with every update, from 1e-05 to 10: at first hardly anything "
        "happens, then the loss falls, and it turns where the steps begin to overshoot; a tenth of that rate is taken.",
        f"linear turns at {linear.test.turn:.3f}, near the {largest_rate():.3f} of the lesson descent; after the same "
        f"{len(linear.own['loss'])} epochs its loss is {linear.found['loss'][-1]:.2g} with the rate found and "
        f"{linear.own['loss'][-1]:.2g} with its spec's.",
        "A loss that falls fast is all that the test looks for: on digits the rate found learns by heart sooner too, "
        f"and without early stopping ends at a validation loss of {digits.found['val_loss'][-1]:.2f} instead of "
        f"{digits.own['val_loss'][-1]:.2f}.",
    )
    return Sheet(HEADINGS, tuple(rows), sentences, lambda: _draw(found))


def _draw(found: dict[str, Comparison]) -> Figure:
    from tinyml_pipeline.show.report.plots import DARK, LIGHT

    figure = slide("Learning rate: where the loss turns, and what a tenth of that rate is worth")
    axes = figure.subplots(2, len(found))
    own, taken = {"color": "black", "linestyle": ":"}, {"color": LIGHT}
    for column, (model, case) in enumerate(found.items()):
        upper, lower = axes[:, column]
        upper.plot(case.test.rates, case.test.losses, color=DARK, linewidth=2.5)
        upper.axvline(case.own_rate, linewidth=3, **own, label="rate of its spec")
        upper.axvline(case.test.found, linewidth=3.5, **taken, label="rate found")
        upper.plot(case.test.turn, min(case.test.losses), "o", color="black", markersize=13, label="the turn")
        upper.set(title=f"{model}\nspec {case.own_rate:g}, found {case.test.found:g}", xlabel="learning rate")
        upper.set(xscale="log", yscale="log", xlim=(1e-5, 10), xticks=(1e-5, 1e-3, 1e-1, 10))
        epochs = range(1, len(case.own["loss"]) + 1)
        lower.plot(epochs, case.own["loss"], linewidth=3, **own)
        lower.plot(epochs, case.found["loss"], linewidth=3, **taken)
        lower.set(xlabel="epoch", yscale="log")
        for place in (upper, lower):
            place.margins(y=0.1)
            place.minorticks_off()
    axes[0, 0].set_ylabel("loss, smoothed")
    axes[1, 0].set_ylabel("training loss")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure


LESSON = Lesson("learning-rate", "finding one: where the loss turns, and what the rate found is worth", run)
