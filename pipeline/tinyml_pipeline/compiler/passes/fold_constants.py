"""Operators whose result is known when the model is compiled: the shape arithmetic that a dynamic batch leaves in a
graph (SHAPE of a tensor, STRIDED_SLICE of that, PACK with the rest), and any other operator on constants alone.

Moving elements is exact wherever it is done. Whatever computes is run by TFLM itself, never by numpy: `evaluate` does
that. Without it, an int8 operator on constants stays, and its kernel computes the same in every inference.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyml_pipeline.compiler.graph import Graph, Operation, Quantization
from tinyml_pipeline.compiler.op import Op
from tinyml_pipeline.compiler.ops import has_reader, may_be, reader_of
from tinyml_pipeline.compiler.ops._binary import Binary
from tinyml_pipeline.compiler.ops._context import OpContext
from tinyml_pipeline.compiler.ops._move import Movement
from tinyml_pipeline.errors import UnsupportedError

HANDLES = ("SHAPE",)
_SAME_BYTES = ("RESHAPE", "SQUEEZE", "EXPAND_DIMS")

Values = npt.NDArray[Any]
Evaluate = Callable[[Graph, Operation], tuple[Values, ...] | None]
"""TFLM's outputs of an operation on constants, each in its tensor's shape and type; None if TFLM refuses it."""


def run(graph: Graph, evaluate: Evaluate | None = None) -> Graph:
    """The graph without the operators whose outputs are known; their outputs are constants.

    An output of the model stays computed, for that has to be written somewhere.
    """
    kept = []
    for operation in graph.operations:
        results = None if set(operation.outputs) & set(graph.outputs) else _fold(graph, operation, evaluate)
        if results is None:
            kept.append(operation)
            continue
        tensors = list(graph.tensors)
        for index, values in zip(operation.outputs, results, strict=True):
            output = tensors[index]
            data = np.ascontiguousarray(values, output.dtype.numpy).tobytes()
            tensors[index] = replace(output, data=data, is_folded=True)
        graph = replace(graph, tensors=tuple(tensors))
    return replace(graph, operations=tuple(kept))


def is_movement(operator: str) -> bool:
    """Whether an operator only moves elements."""
    return may_be(operator, Movement)


def _fold(graph: Graph, operation: Operation, evaluate: Evaluate | None) -> tuple[Values, ...] | None:
    """The values of the outputs, or None if they are not known here or do not fit."""
    inputs = [graph.tensors[index] for index in operation.inputs if index != -1]
    outputs = [graph.tensors[index] for index in operation.outputs]
    if operation.name == "SHAPE":
        return _shape(OpContext(graph, operation))
    if not graph.has_constant_inputs(operation):
        return None
    if operation.name in _SAME_BYTES:
        same = len(outputs) == 1 and (inputs[0].type, inputs[0].size) == (outputs[0].type, outputs[0].size)
        return (inputs[0].values,) if same and inputs[0].type in _KNOWN else None
    if not is_movement(operation.name):
        return evaluate(graph, operation) if evaluate is not None and _is_sound(graph, operation) else None
    op = _read(graph, operation)
    return op.answer({tensor.index: tensor.values for tensor in inputs}) if isinstance(op, Movement) else None


_KNOWN = ("INT8", "UINT8", "INT16", "INT32", "INT64", "FLOAT32", "BOOL")


def _read(graph: Graph, operation: Operation) -> Op | None:
    """What the operator means; None if that is refused."""
    try:
        return reader_of(operation.name)(OpContext(graph, operation)) if has_reader(operation.name) else None
    except UnsupportedError:
        return None


def _is_sound(graph: Graph, operation: Operation) -> bool:
    """Whether TFLM, which trusts shapes, runs this operation safely: its reader accepts it, or accepts the same shapes
    and steps in int8 if it is arithmetic of another type."""
    tensors = [graph.tensors[index] for index in (*operation.inputs, *operation.outputs) if index != -1]
    if any(tensor.type not in _KNOWN for tensor in tensors if not tensor.is_constant):
        return False
    if operation.name in ("QUANTIZE", "DEQUANTIZE"):
        return len(tensors) == 2 and tensors[0].size == tensors[1].size > 0
    if may_be(operation.name, Binary) and {tensor.type for tensor in tensors} in ({"INT32"}, {"FLOAT32"}):
        plain = {tensor.index: replace(tensor, type="INT8", quantization=_ANY) for tensor in tensors}
        twins = tuple(plain.get(tensor.index, tensor) for tensor in graph.tensors)
        return _read(replace(graph, tensors=twins), operation) is not None
    return _read(graph, operation) is not None


_ANY = Quantization((1.0,), (0,))


def _shape(op: OpContext) -> tuple[Values, ...]:
    rank, output = len(op.input(0).shape), op.output()
    op.require(output.type == "INT32", f"an output of type {output.type}", "INT32")
    op.shape_of(output, (rank,), "an output")
    return (np.array(op.input(0).shape, np.int64),)
