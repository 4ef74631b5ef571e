"""How many weights and biases a layer has: by formula, and by Keras."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tinyml_pipeline.models.catalog import load_spec
from tinyml_pipeline.show.lessons.lesson import Lesson, Sheet, slide

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MODELS = ("linear", "plane", "adder", "adder_small", "digits_cnn")
DRAWN = ("adder", "digits_cnn")
HEADINGS = ("model", "layer", "formula", "weights", "biases", "by formula", "by Keras")


@dataclass(frozen=True)
class Count:
    """Weights and biases of one layer by formula, and `keras`, what Keras counts."""

    model: str
    layer: str
    formula: str
    weights: int
    biases: int
    keras: int


def counts(model: str) -> list[Count]:
    """Every layer of a model that has parameters."""
    from tinyml_pipeline.training.keras_import import import_keras

    _, keras = import_keras()
    keras.utils.set_random_seed(0)
    layers = load_spec(model).build().layers
    return [_count(model, layer) for layer in layers if layer.count_params()]


def _count(model: str, layer: Any) -> Count:
    """Dense: inputs * units; convolution: height * width * channels * filters; and one bias a unit or filter."""
    inputs, units = layer.input.shape[-1], layer.output.shape[-1]
    size = getattr(layer, "kernel_size", ())
    factors = " * ".join(map(str, (*size, inputs, units)))
    weights = inputs * units
    for length in size:
        weights *= length
    kind = type(layer).__name__
    return Count(model, f"{kind} {units}", f"{factors} + {units}", weights, units, layer.count_params())


def run() -> Sheet:
    found = {model: counts(model) for model in MODELS}
    rows = []
    for model, layers in found.items():
        for count in layers:
            total = count.weights + count.biases
            rows.append((model, count.layer, count.formula, f"{count.weights:,}", str(count.biases), f"{total:,}",
                         f"{count.keras:,}"))  # fmt: skip
    adder = " + ".join(str(count.weights + count.biases) for count in found["adder"])
    totals = {model: sum(count.keras for count in layers) for model, layers in found.items()}
    sentences = (
        "Each unit of a dense layer has one weight for every input and one bias: inputs * units + units; linear has 2 "
        "and plane has 3.",
        f"The adder has {adder} = {totals['adder']:,}: its middle layer alone has 50 * 20 + 20.",
        "A filter of a convolution has height * width * channels weights however large the image is, so digits_cnn "
        f"does with {totals['digits_cnn']:,}; Keras counts the same everywhere.",
    )
    return Sheet(HEADINGS, tuple(rows), sentences, lambda: _draw({model: found[model] for model in DRAWN}))


def _draw(found: dict[str, list[Count]]) -> Figure:
    from tinyml_pipeline.show.report.plots import DARK, LIGHT

    figure = slide("Parameters: weights and biases of each layer")
    for place, (model, layers) in zip(figure.subplots(2, 1, sharex=True), found.items(), strict=True):
        names = [f"{count.layer}\n{count.formula}" for count in layers]
        weights, biases = [count.weights for count in layers], [count.biases for count in layers]
        place.barh(names, weights, color=DARK, label="weights")
        last = place.barh(names, biases, left=weights, color=LIGHT, edgecolor="black", label="biases")
        place.bar_label(last, [f"{count.keras:,}" for count in layers], padding=5)
        place.set_title(f"{model}: {sum(count.keras for count in layers):,} parameters")
        place.invert_yaxis()
        place.set_axisbelow(True)
        place.margins(x=0.1)
        place.grid(axis="y", visible=False)
        place.legend(loc="upper right", ncols=2)
        place.xaxis.set_major_formatter("{x:,.0f}")
    place.set_xlabel("parameters")
    return figure


LESSON = Lesson("parameters", "weights and biases of each layer, by formula and by Keras", run)
