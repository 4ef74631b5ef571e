"""Layer by layer: what int8 has there against the float network, to find the layer that goes wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyml_pipeline.parity.answers import LayerAnswers
from tinyml_pipeline.quantization.quantized_model import Int8Array, QuantizedModel, QuantizedPort

LAYERS = ("FULLY_CONNECTED", "CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV")
MOST_ADDED = 0.2
"""Of the size of a layer's outputs: eight bits add some hundredths at most, a wrong scale much more."""
_LEAST_SHARE = 50.0
"""Outputs smaller than this fraction of their whole range are measured by that."""
_PASSED_ON = ("RESHAPE", "CONCATENATION", "QUANTIZE", "EXPAND_DIMS", "SQUEEZE", "TRANSPOSE")

TensorsAfter = Callable[[Sequence[Int8Array]], Mapping[int, npt.NDArray[Any]]]
"""All activations after one vector (1, *shape), by the index of the tensor."""


@dataclass(frozen=True)
class LayerError:
    """`error` is the root mean square difference from the float network, as a share of the root mean square of the
    layer's outputs, `added` what the layers before it do not have already; `saturated` is the share of its values that
    lie beyond the ends of int8 in the float network."""

    name: str
    error: float
    added: float
    saturated: float


@dataclass(frozen=True)
class LayersRow:
    """One row of a report: the layer that adds the largest error."""

    vectors: int
    errors: tuple[LayerError, ...]
    name: str = "layers"

    @property
    def worst(self) -> LayerError:
        """The first that adds too much, because later ones may make it more; else the one that adds most."""
        too_much = (one for one in self.errors if one.added > MOST_ADDED)
        return next(too_much, None) or max(self.errors, key=lambda one: one.added)

    @property
    def passed(self) -> bool:
        return self.worst.added <= MOST_ADDED

    @property
    def summary(self) -> str:
        return (
            f"of {len(self.errors)}, '{self.worst.name}' adds the largest error: {100 * self.worst.added:.3g} % of the"
            f" size of its outputs; {100 * MOST_ADDED:g} % may be"
        )

    @property
    def cause(self) -> str:
        return "" if self.passed else words(self.worst)

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "kind": "layers",
            "passed": self.passed,
            "vectors": self.vectors,
            "layers": [vars(error) for error in self.errors],
            **({"cause": self.cause} if self.cause else {}),
        }


def words(error: LayerError) -> str:
    """The cause and the remedy, as sentences."""
    text = f"Cause: layer '{error.name}' adds an error of {100 * error.added:.3g} % of the size of its outputs."
    if error.saturated > MOST_ADDED / 2:
        return (
            f"{text} {100 * error.saturated:.0f} % of its outputs saturate, because its calibrated range is too narrow:"
            " calibrate on data that reach further."
        )
    return (
        f"{text} Its scale does not suit its weights or outputs: --per-channel, BatchNormalization or weight decay in"
        " that layer make them alike."
    )


def layer_errors(model: QuantizedModel, known: LayerAnswers, tensors_after: TensorsAfter) -> list[LayerError]:
    """Of every layer with weights, in order; empty if those of the int8 model are not those of the float network."""
    operations = [operation for operation in model.graph.operations if operation.name in LAYERS]
    if tuple(operation.name for operation in operations) != known.operators:
        return []
    inside = [tensors_after([array[row : row + 1] for array in known.inputs]) for row in range(len(known.inputs[0]))]
    rescaled = _rescaled(model)
    found: list[LayerError] = []
    before = 0.0
    for operation, name, float_outputs in zip(operations, known.names, known.outputs, strict=True):
        tensor, right = model.graph.tensors[operation.outputs[0]], float_outputs
        if tensor.quantization is None or right.shape[1] != tensor.size or tensor.index in rescaled:
            continue
        port = QuantizedPort(name, (), (tensor.size,), tensor.quantization.scale, tensor.quantization.zero_point)
        if tensor.index in model.graph.outputs:  # which may be on a scale of its own
            number = model.graph.outputs.index(tensor.index)
            port, right = replace(model.outputs[number], shape=(tensor.size,)), known.answers[number]
        stored = np.stack([values[tensor.index].reshape(-1) for values in inside])
        found.append(_error(name, port, stored, right.reshape(stored.shape).astype(np.float64), before))
        before = max(before, found[-1].error)
    return found


def _rescaled(model: QuantizedModel) -> set[int]:
    """Tensors inside that hold outputs on scales of their own already: the float network has others there."""
    scaled = zip(model.graph.outputs, model.outputs, strict=True)
    todo, found = [index for index, port in scaled if port.value_scale], set()
    while todo:
        maker = model.graph.maker(todo.pop())
        if maker is not None and maker.name in _PASSED_ON:
            found |= set(maker.inputs)
            todo += maker.inputs
    return found


def _error(
    name: str, port: QuantizedPort, stored: npt.NDArray[Any], right: npt.NDArray[np.float64], before: float
) -> LayerError:
    bottom, top = (port.dequantize(np.full(port.size, end, np.int8)).astype(np.float64) for end in (-128, 127))
    step = (top - bottom) / 255
    size = np.sqrt(np.mean(right**2, axis=0)) if port.value_scale else np.sqrt(np.mean(right**2))
    size = np.maximum(size, 255 * step / _LEAST_SHARE)
    error = float(np.sqrt(np.mean(((port.dequantize(stored) - right) / size) ** 2)))
    outside = (right > top + step) | (right < bottom - step)
    return LayerError(name, error, error - before, float(outside.mean()))
