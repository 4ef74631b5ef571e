"""Operators whose result is known when the model is compiled: the shape arithmetic that a dynamic batch leaves in a
graph (SHAPE of a tensor, STRIDED_SLICE of that, PACK with the rest), and any data movement of constants.

Moving elements is exact wherever it is done. Anything with rounding has to be run by TFLM itself, never by numpy; such
an operator is left alone here and refused by the one that reads it.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any, get_type_hints

import numpy as np
import numpy.typing as npt

from tinyml_pipeline.compiler.graph import Graph, Operation, Tensor
from tinyml_pipeline.compiler.ops import read_operators, reader_of
from tinyml_pipeline.compiler.ops._context import OpContext
from tinyml_pipeline.compiler.ops._move import Movement
from tinyml_pipeline.errors import UnsupportedError

HANDLES = ("SHAPE",)
_SAME_BYTES = ("RESHAPE", "SQUEEZE", "EXPAND_DIMS")

Values = npt.NDArray[Any]


def run(graph: Graph) -> Graph:
    """The graph without the operators whose outputs are known; their outputs are constants."""
    kept = []
    for operation in graph.operations:
        results = _fold(graph, operation)
        if results is None:
            kept.append(operation)
            continue
        tensors = list(graph.tensors)
        for index, values in zip(operation.outputs, results, strict=True):
            output = tensors[index]
            data = np.ascontiguousarray(values, output.dtype.numpy).tobytes()
            tensors[index] = replace(output, data=data)
        graph = replace(graph, tensors=tuple(tensors))
    return replace(graph, operations=tuple(kept))


@cache
def is_movement(operator: str) -> bool:
    """Whether an operator only moves elements."""
    if operator not in read_operators():
        return False
    kind = get_type_hints(reader_of(operator))["return"]
    return isinstance(kind, type) and issubclass(kind, Movement)


def _fold(graph: Graph, operation: Operation) -> tuple[Values, ...] | None:
    """The values of the outputs, or None if they are not known here or do not fit."""
    inputs = [graph.tensors[index] for index in operation.inputs if index != -1]
    outputs = [graph.tensors[index] for index in operation.outputs]
    if operation.name == "SHAPE":
        return _shape(inputs, outputs)
    if not inputs or not all(tensor.is_constant for tensor in inputs):
        return None
    if operation.name in _SAME_BYTES:
        same = len(outputs) == 1 and (inputs[0].type, inputs[0].size) == (outputs[0].type, outputs[0].size)
        return (inputs[0].values,) if same and inputs[0].type in _KNOWN else None
    if not is_movement(operation.name):
        return None
    try:
        op: Movement = reader_of(operation.name)(OpContext(graph, operation))  # type: ignore[assignment]
    except UnsupportedError:
        return None
    return op.answer({tensor.index: tensor.values for tensor in inputs})


_KNOWN = ("INT8", "UINT8", "INT16", "INT32", "INT64", "FLOAT32", "BOOL")


def _shape(inputs: list[Tensor], outputs: list[Tensor]) -> tuple[Values, ...] | None:
    fits = len(inputs) == 1 == len(outputs) and outputs[0].size == len(inputs[0].shape)
    return (np.array(inputs[0].shape, np.int64),) if fits and outputs[0].type in ("INT32", "INT64") else None
