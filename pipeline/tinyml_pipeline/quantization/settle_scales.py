"""Weight scales on which every release of TFLM agrees.

A dense layer that is quantized per tensor multiplies its sums by input_scale * weight_scale / output_scale, as a 31-bit
fixed-point number. Releases differ in the first product: some round it to float32 (esp-tflite-micro 1.4,
Chirale_TensorFLowLite 2.0, tflite-runtime 2.14), others keep it in double (TFLM since 2026). Now and then the
fixed-point numbers differ in their last digits and then, for one input in some ten thousand, the output by one step.

So the weight scale is moved to a float32 value close by for which both products give the same number. That takes some
hundred units in its last place, 1e-5 of its value, where int8 itself rounds weights to 4e-3.
"""

from __future__ import annotations

import hashlib
import math
import struct
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyml_pipeline.compiler import tflite_schema as schema
from tinyml_pipeline.compiler.graph import Graph, Operation, Tensor
from tinyml_pipeline.compiler.read_tflite import read_tflite

_LARGEST_MOVE = 10_000  # units in the last place, 0.1 % of the scale at most; some hundred are enough


def settle_scales(tflite: bytes) -> tuple[bytes, Graph]:
    """The same model with settled weight scales in its dense layers, and biases counted in their new unit.

    Nothing but those numbers changes, in their places; a model whose scales are settled comes back as it is. The graph
    is that of the new file, so that nobody has to read it again. Raises ModelFileError for a file that is not sound.
    """
    graph = read_tflite(tflite)
    patched = bytearray(tflite)
    changed = dict(enumerate(graph.tensors))
    subgraph = schema.Model.GetRootAs(patched).Subgraphs(0)  # reads the bytes as they are now
    done: set[int] = set()
    for operation in graph.operations:
        weights = _per_tensor_weights(graph, operation)
        if weights is None or weights in done:
            continue
        done.add(weights)
        input_scale, old, output_scale = _scales(graph, operation)
        new = _closest_settled(input_scale, old, output_scale)
        if new == old:
            continue
        _set_scale(patched, subgraph.Tensors(weights), new)
        changed[weights] = _with_scale(changed[weights], new)
        bias = operation.inputs[2] if len(operation.inputs) > 2 else -1
        if bias >= 0:
            unit = float(np.float32(input_scale * new))
            _set_scale(patched, subgraph.Tensors(bias), unit)
            values = _rescale_values(patched, subgraph.Tensors(bias), old / new)
            changed[bias] = replace(_with_scale(changed[bias], unit), data=values)
    settled = bytes(patched)
    return settled, replace(graph, tensors=tuple(changed.values()), sha256=hashlib.sha256(settled).hexdigest())


def _with_scale(tensor: Tensor, scale: float) -> Tensor:
    assert tensor.quantization is not None, "_scales() has looked"
    return replace(tensor, quantization=replace(tensor.quantization, scales=(scale,)))


def has_float_tensors(tflite: bytes) -> bool:
    """Whether the converter left anything in float32. `tflite` must be sound, as what the converter gives is."""
    subgraph = schema.Model.GetRootAs(tflite).Subgraphs(0)
    types = (subgraph.Tensors(index).Type() for index in range(subgraph.TensorsLength()))
    return any(kind == schema.TensorType.FLOAT32 for kind in types)


def fixed_point_multipliers(input_scale: float, weight_scale: float, output_scale: float) -> tuple[int, int]:
    """The 31-bit multiplier (mantissa of the real one) as releases with a float32 and with a double product have it."""
    in_float = float(np.float32(input_scale) * np.float32(weight_scale))
    in_double = input_scale * weight_scale
    return _mantissa(in_float / output_scale), _mantissa(in_double / output_scale)


def _mantissa(real: float) -> int:
    return math.floor(math.frexp(real)[0] * (1 << 31) + 0.5)


def _per_tensor_weights(graph: Graph, operation: Operation) -> int | None:
    """The index of a dense layer's constant int8 weights, where they have one scale; None for anything else."""
    if operation.name != "FULLY_CONNECTED" or len(operation.inputs) < 2:
        return None
    tensors = [graph.tensors[index] for index in (operation.inputs[0], operation.inputs[1], operation.outputs[0])]
    sound = all(tensor.type == "INT8" and tensor.quantization is not None for tensor in tensors)
    weights = graph.tensors[operation.inputs[1]]
    if not sound or not weights.is_constant or weights.quantization is None or weights.quantization.per_channel:
        return None
    return weights.index


def _scales(graph: Graph, operation: Operation) -> tuple[float, float, float]:
    """Of input, weights and output."""
    indices = (operation.inputs[0], operation.inputs[1], operation.outputs[0])
    quantizations = [graph.tensors[index].quantization for index in indices]
    scales = [quantization.scale for quantization in quantizations if quantization is not None]
    return scales[0], scales[1], scales[2]


def _closest_settled(input_scale: float, weight_scale: float, output_scale: float) -> float:
    """The float32 closest to `weight_scale` for which both kinds of release have the same multiplier.

    An input scale of very few digits, such as 1.1, may have none close by; then the one that differs least.
    """
    (bits,) = struct.unpack("<I", struct.pack("<f", weight_scale))
    best, least = weight_scale, math.inf
    for move in range(_LARGEST_MOVE):
        for sign in (1, -1):
            (scale,) = struct.unpack("<f", struct.pack("<I", bits + sign * move))
            in_float, in_double = fixed_point_multipliers(input_scale, scale, output_scale)
            if abs(in_float - in_double) < least:
                best, least = scale, abs(in_float - in_double)
            if least == 0:
                return best
    return best


def _set_scale(patched: bytearray, tensor: Any, scale: float) -> None:
    _view(patched, tensor.Quantization().ScaleAsNumpy(), "<f4")[:] = scale


def _rescale_values(patched: bytearray, tensor: Any, factor: float) -> bytes:
    """A bias of int32 values, counted in a unit that is 1 / factor times the old one; its new bytes."""
    model = schema.Model.GetRootAs(patched)
    values = _view(patched, model.Buffers(tensor.Buffer()).DataAsNumpy(), "<i4")
    values[:] = np.rint(values * factor)
    return values.tobytes()


def _view(patched: bytearray, field: npt.NDArray[Any], kind: str) -> npt.NDArray[Any]:
    """The place in `patched` of a vector of the schema, to be written to."""
    start = np.frombuffer(patched, np.uint8).__array_interface__["data"][0]
    offset = field.__array_interface__["data"][0] - start
    view: npt.NDArray[Any] = np.ndarray(field.nbytes // np.dtype(kind).itemsize, kind, patched, offset)
    return view
