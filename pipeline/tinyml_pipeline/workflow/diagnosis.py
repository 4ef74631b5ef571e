"""Why a proof failed: range, resolution, saturation, or a layer, and what helps. Nobody has to try tolerances."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tinyml_pipeline.errors import PipelineError, SpecError
from tinyml_pipeline.host.interpreters.oracle import has_tflm
from tinyml_pipeline.host.interpreters.tflm import tensors_after
from tinyml_pipeline.model_domains import into_network
from tinyml_pipeline.models.spec import Spec
from tinyml_pipeline.parity.accuracy import Accuracy, Decisions
from tinyml_pipeline.parity.answers import Judged, LayerAnswers
from tinyml_pipeline.parity.compare import RealComparison
from tinyml_pipeline.parity.layers import LAYERS, LayersRow, layer_errors, words
from tinyml_pipeline.parity.report import Row
from tinyml_pipeline.parity.vectors import InputSet
from tinyml_pipeline.quantization.convert import FloatArray, KerasProcess
from tinyml_pipeline.quantization.quantized_model import QuantizedModel, steps_of_domains
from tinyml_pipeline.show.report import progress
from tinyml_pipeline.workflow.opened import OpenModel

_VECTORS = 16
_MOST_BYTES = 8 << 20
_FEW_STEPS = 64
_STANDS_OUT = 0.02
"""Of a layer's range: an added error below is that of eight bits."""


def ask_layers(
    spec: Spec,
    archive: bytes,
    model: QuantizedModel,
    inputs: InputSet,
    said: Sequence[FloatArray],
    judged: Judged | None,
    keras: KerasProcess,
) -> LayerAnswers | None:
    """What the layers of the float network give for some inputs, real ones if there are any; None where they cannot be
    asked, or say too much to keep."""
    first, end = inputs.data
    part = slice(first, end) if end > first else slice(None)
    arrays, answers = [array[part] for array in inputs.arrays], [array[part] for array in said]
    if judged is not None:
        arrays, answers = list(judged.inputs), list(judged.answers)
    some = np.linspace(0, len(arrays[0]) - 1, min(len(arrays[0]), _VECTORS)).astype(int)
    arrays, answers = [array[some] for array in arrays], [array[some] for array in answers]
    real = [port.dequantize(array) for port, array in zip(model.inputs, arrays, strict=True)]
    try:
        found = keras.layer_outputs(archive, into_network(spec.inputs, real), LAYERS, spec.name)
    except PipelineError as error:
        progress.say(f"{spec.name}: its layers are not compared ({error}).")
        return None
    outputs = tuple(array for _, _, array in found)
    if not found or sum(array.nbytes for array in outputs) > _MOST_BYTES:
        return None
    names = tuple(name for _, name, _ in found)
    return LayerAnswers(tuple(kind for kind, _, _ in found), names, tuple(arrays), outputs, tuple(answers))


def layers_row(opened: OpenModel, known: LayerAnswers | None) -> LayersRow | None:
    """None where nothing is known of the layers, or TFLM is missing."""
    if known is None or not has_tflm():
        return None
    try:
        errors = layer_errors(opened.model, known, lambda vector: tensors_after(opened.model, vector))
    except RuntimeError:  # TFLM does not keep every tensor of every model
        return None
    return LayersRow(len(known.inputs[0]), tuple(errors)) if errors else None


def explained(model: QuantizedModel, spec: Spec, rows: Sequence[Row]) -> list[Row]:
    """The rows, those that failed against Keras with their cause."""
    layers = next((row for row in rows if isinstance(row, LayersRow)), None)
    return [
        replace(row, cause=" ".join(_causes(model, spec, row, layers)))
        if isinstance(row, RealComparison | Accuracy | Decisions) and not row.passed
        else row
        for row in rows
    ]


def _causes(
    model: QuantizedModel, spec: Spec, row: RealComparison | Accuracy | Decisions, layers: LayersRow | None
) -> list[str]:
    if isinstance(row, Accuracy) and row.least_percent is not None and row.keras_percent < row.least_percent:
        return ["Cause: training. Keras itself gets too few right: train longer, or on more data."]
    found = []
    if isinstance(row, RealComparison) and row.step > row.tolerance:
        found.append(
            f"Cause: resolution. One int8 step of this output is {row.step:.4g}, more than the tolerance of"
            f" {row.tolerance:.4g}: narrow its range, or accept a step."
        )
    if isinstance(row, RealComparison) and row.beyond > row.tolerance:
        found.append(
            f"Cause: saturation. Keras answers up to {row.beyond:.4g} beyond what int8 can give: calibrate on such"
            " inputs, or name narrower ranges of the inputs."
        )
    if few := _few_steps(model, spec):
        found.append(f"Cause: range. {few}")
    rounds = not isinstance(row, RealComparison) or row.worst > row.tolerance
    if rounds and layers is not None and layers.worst.added > _STANDS_OUT:
        found.append(words(layers.worst))
    return found or [
        "Cause: resolution. Every layer rounds to eight bits, and none stands out: --per-channel, more neurons or"
        " narrower ranges of the inputs give finer steps."
    ]


def _few_steps(model: QuantizedModel, spec: Spec) -> str:
    try:
        values = [one for group in steps_of_domains(model.inputs, spec.inputs) for one in group]
    except SpecError:
        return ""
    few = [f"{one.name} {one.steps}" for one in values if one.steps < _FEW_STEPS]
    if not few:
        return ""
    return (
        f"Some inputs get few of int8's 256 steps ({', '.join(few[:4])}): begin the network with a layer that takes"
        " each value alone, such as Dense, Rescaling or Normalization."
    )
