"""A network as int8, its input and output values each on a scale of their own where one scale would starve some."""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinyml_pipeline.compiler.value_scales import METADATA, NO_SCALE, ValueScale, pack_scales
from tinyml_pipeline.model_domains import domain_of_each_value
from tinyml_pipeline.quantization.child.float_graph import FloatGraph
from tinyml_pipeline.quantization.child.fold_scales import Scales, fold_inputs, fold_outputs
from tinyml_pipeline.quantization.child.networks import FloatArray, Network
from tinyml_pipeline.quantization.child.tflite_network import TfliteNetwork
from tinyml_pipeline.quantization.child.trace_scales import CannotFoldError
from tinyml_pipeline.quantization.settle_scales import has_float_tensors
from tinyml_pipeline.quantization.value_ranges import ValueRanges, starved

Shapes = Sequence[tuple[int, ...]]
_MOST_VALUES = 256
"""Outputs of more values keep one scale: images, spectra."""


@dataclass(frozen=True)
class Quantized:
    """`notes` say which scales the network could not be given, and why."""

    tflite: bytes
    notes: tuple[str, ...] = ()


def quantize_scaled(
    network: Network, representative: Sequence[FloatArray], inputs: ValueRanges, outputs: ValueRanges, per_channel: bool
) -> Quantized:
    """`representative` are real values, `inputs` their ranges; `outputs` say only on what scale the network answers,
    as many as the spec names.

    Without any need the model is what `Network.quantize` gives. Raises RefusedError as that does.
    """
    shapes = [port.fixed_shape for port in network.inputs]
    own = Scales.rounded(inputs.offset, inputs.factor)
    taken = _split(own.into(_rows(representative)), shapes)
    answers = network.predict(taken)
    out_shapes = [array.shape[1:] for array in answers]
    given = _of_each_value(outputs, out_shapes)
    said = given.back(_rows(answers).astype(np.float64))
    low, high = said.min(axis=0), said.max(axis=0)
    needs = starved(own.into(inputs.low), own.into(inputs.high), shapes, jointly=True).any()
    wanting = len(low) <= _MOST_VALUES and bool(starved(given.into(low), given.into(high), out_shapes).any())
    notes: list[str] = []
    tflite, (ins, outs) = b"", (own, given)
    if needs or wanting:
        tflite, (ins, outs) = _folded(
            network,
            representative,
            shapes,
            (inputs, own),
            (low, high, given),
            (bool(needs), wanting),
            per_channel,
            notes,
        )
    if not tflite:
        tflite, (ins, outs) = network.quantize(taken, per_channel), (own, given)
    scales = [*_by_tensor(ins, shapes), *_by_tensor(outs, out_shapes)]
    return Quantized(with_scales(tflite, scales) if any(scales) else tflite, tuple(notes))


def _of_each_value(outputs: ValueRanges, shapes: Shapes) -> Scales:
    count = sum(map(math.prod, shapes))
    if outputs.is_plain:
        return Scales.rounded(np.zeros(count), np.ones(count))
    each = domain_of_each_value(range(len(outputs.offset)), shapes)
    return Scales.rounded(outputs.offset[each], outputs.factor[each])


def _folded(
    network: Network,
    representative: Sequence[FloatArray],
    shapes: Shapes,
    inputs: tuple[ValueRanges, Scales],
    outputs: tuple[Any, Any, Scales],
    wanted: tuple[bool, bool],
    per_channel: bool,
    notes: list[str],
) -> tuple[bytes, tuple[Scales, Scales]]:
    """The int8 model with what could be folded; empty bytes if nothing could."""
    from tensorflow.lite.tools import flatbuffer_utils

    model = flatbuffer_utils.convert_bytearray_to_object(bytearray(network.to_float_tflite()))
    (ranges, ins), (low, high, outs) = inputs, outputs
    done = False
    if wanted[0]:
        graph = FloatGraph(copy.deepcopy(model))
        try:
            ins = fold_inputs(graph, ins, ranges.low, ranges.high)
            model, done = graph.finish(), True
        except CannotFoldError as error:
            notes.append(f"the inputs share int8's steps, because {error}")
    if wanted[1]:
        graph = FloatGraph(model)
        found = fold_outputs(graph, outs, low, high)
        done |= bool((found.factor != outs.factor).any() or (found.offset != outs.offset).any())
        outs, model = found, graph.finish()
    if not done:
        return b"", (ins, outs)
    folded = bytes(flatbuffer_utils.convert_object_to_bytearray(model))
    values = _split(ins.into(_rows(representative)), shapes)
    tflite = TfliteNetwork(folded).quantize(values, per_channel)
    if has_float_tensors(tflite):
        notes.append(
            "the inputs and outputs share int8's steps, because the converter left float32 in the changed network"
        )
        return b"", (ins, outs)
    return tflite, (ins, outs)


def with_scales(tflite: bytes, scales: Sequence[ValueScale]) -> bytes:
    """The same model with its metadata; deterministic."""
    from tensorflow.lite.python import schema_py_generated as schema
    from tensorflow.lite.tools import flatbuffer_utils

    model = flatbuffer_utils.convert_bytearray_to_object(bytearray(tflite))
    buffer = schema.BufferT()
    buffer.data = np.frombuffer(pack_scales(scales), np.uint8)
    model.buffers.append(buffer)
    entry = schema.MetadataT()
    entry.name, entry.buffer = METADATA, len(model.buffers) - 1
    model.metadata = [*(model.metadata or []), entry]
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))


def _by_tensor(scales: Scales, shapes: Shapes) -> list[ValueScale]:
    found, start = [], 0
    for shape in shapes:
        size = math.prod(shape)
        part = slice(start, start + size)
        found.append(_shortest(scales.offset[part], scales.factor[part], shape))
        start += size
    return found


def _shortest(offset: Any, factor: Any, shape: tuple[int, ...]) -> ValueScale:
    """One pair for all values, or for each channel, if that says the same."""
    if not offset.any() and (factor == 1).all():
        return NO_SCALE
    for count in (1, *shape[-1:]):
        if all((array == np.resize(array[:count], array.size)).all() for array in (offset, factor)):
            return ValueScale(tuple(offset[:count].tolist()), tuple(factor[:count].tolist()))
    return ValueScale(tuple(offset.tolist()), tuple(factor.tolist()))


def _rows(arrays: Sequence[Any]) -> Any:
    return np.concatenate([array.reshape(len(array), -1) for array in arrays], axis=1)


def _split(rows: Any, shapes: Shapes) -> list[FloatArray]:
    ends = np.cumsum([math.prod(shape) for shape in shapes])[:-1]
    parts = np.split(rows.astype(np.float32), ends, axis=1)
    return [np.ascontiguousarray(part).reshape(-1, *shape) for part, shape in zip(parts, shapes, strict=True)]
