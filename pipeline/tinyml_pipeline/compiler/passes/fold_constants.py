"""Operators on constants only, worked out here: the shape arithmetic that a dynamic batch leaves in a graph.

SHAPE of a tensor, STRIDED_SLICE of that, PACK with the rest: integers, exact in numpy. Anything with rounding has to be
run by TFLM itself, never by numpy; such an operator is left alone here and refused by the one that reads it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyml_pipeline.compiler.graph import Graph, Operation, Tensor

HANDLES = ("SHAPE",)

Values = npt.NDArray[Any]


def run(graph: Graph) -> Graph:
    """The graph without the operators whose outputs are known; their outputs are constants."""
    tensors = list(graph.tensors)
    kept = []
    for operation in graph.operations:
        values = _fold(tensors, operation)
        if values is None:
            kept.append(operation)
            continue
        output = tensors[operation.outputs[0]]
        data = values.astype(output.dtype.numpy).reshape(output.shape).tobytes()
        tensors[output.index] = replace(output, data=data)
    return replace(graph, tensors=tuple(tensors), operations=tuple(kept))


def _fold(tensors: list[Tensor], operation: Operation) -> Values | None:
    """The values of the only output, or None if they are not known here or do not fit the output."""
    folder = _FOLDERS.get(operation.name)
    if folder is None or len(operation.outputs) != 1:
        return None
    inputs = [tensors[index] for index in operation.inputs if index != -1]
    output = tensors[operation.outputs[0]]
    if output.type not in ("INT32", "INT64"):
        return None
    if operation.name != "SHAPE" and not all(tensor.is_constant and tensor.type == output.type for tensor in inputs):
        return None
    values = folder(inputs, operation.options)
    return values if values is not None and values.size == output.size else None


def _shape(inputs: list[Tensor], options: Mapping[str, Any]) -> Values | None:
    return np.array(inputs[0].shape, np.int64)


def _pack(inputs: list[Tensor], options: Mapping[str, Any]) -> Values | None:
    if len({tensor.shape for tensor in inputs}) != 1:
        return None
    axis = options.get("axis", 0)
    rank = len(inputs[0].shape) + 1
    return np.stack([tensor.values for tensor in inputs], axis) if -rank <= axis < rank else None


def _strided_slice(inputs: list[Tensor], options: Mapping[str, Any]) -> Values | None:
    """Of a vector, as shape arithmetic has it."""
    source, begin, end, stride = (tensor.values for tensor in inputs)
    if source.ndim != 1 or not begin.shape == end.shape == stride.shape == (1,) or stride[0] == 0:
        return None
    if options.get("ellipsis_mask", 0) or options.get("new_axis_mask", 0) or options.get("offset", False):
        return None
    if options.get("shrink_axis_mask", 0) & 1:
        at = int(begin[0])
        return np.asarray(source[at]) if -len(source) <= at < len(source) else None
    first = None if options.get("begin_mask", 0) & 1 else int(begin[0])
    last = None if options.get("end_mask", 0) & 1 else int(end[0])
    found: Values = source[first : last : int(stride[0])]
    return found


_FOLDERS: Mapping[str, Callable[[list[Tensor], Mapping[str, Any]], Values | None]] = {
    "SHAPE": _shape,
    "PACK": _pack,
    "STRIDED_SLICE": lambda inputs, options: _strided_slice(inputs, options) if len(inputs) == 4 else None,
}
