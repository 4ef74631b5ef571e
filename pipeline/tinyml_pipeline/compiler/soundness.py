"""What TFLM refuses, or does out of bounds, whatever the operators mean: checked before the passes, which take it for
granted."""

from __future__ import annotations

from tinyml_pipeline.compiler.graph import Graph, Operation, Tensor
from tinyml_pipeline.compiler.ops._context import OpContext
from tinyml_pipeline.compiler.ops._move_context import axis_of
from tinyml_pipeline.errors import UnsupportedError

_MOST_DIMENSIONS = 6  # a RuntimeShape's; kernels write the others beyond it
_MOST_NEW_DIMENSIONS = 8  # of RESHAPE's and SQUEEZE's options
# Types of which TFLM knows no size; a tensor that nothing reads is enough for it to refuse the file.
_NO_SIZE = ("STRING", "VARIANT", "INT2", "UINT4")


def check_operations(graph: Graph) -> None:
    """Raises UnsupportedError for the first operation that is not sound."""
    for operation in graph.operations:
        wrong = operation.wrong_arity
        if wrong is not None:
            raise UnsupportedError(
                f"{wrong} Convert the model again.", operator=operation.name, index=operation.index, found=wrong
            )
        op = OpContext(graph, operation)
        for tensor in _tensors(graph, operation):
            rank = len(tensor.shape)
            op.require(rank <= _MOST_DIMENSIONS, f"a tensor of {rank} dimensions", f"up to {_MOST_DIMENSIONS}")
        if operation.name == "EXPAND_DIMS":
            _check_expand_dims(op)
        elif operation.name == "SQUEEZE":
            _check_squeeze(op)
        elif operation.name == "RESHAPE":
            _check_options(op, "new_shape")


def check_types(graph: Graph) -> None:
    """Raises UnsupportedError for a tensor of a type that TFLM cannot hold, even if nothing reads it."""
    for tensor in graph.tensors:
        if tensor.type in _NO_SIZE:
            raise UnsupportedError(
                f"tensor {tensor.index} ('{tensor.name}') of type {tensor.type} is unsupported; supported: types of"
                " whole bytes and a fixed size, as TFLM has them."
            )


def _tensors(graph: Graph, operation: Operation) -> list[Tensor]:
    return [graph.tensors[index] for index in (*operation.inputs, *operation.outputs) if index != -1]


def _check_expand_dims(op: OpContext) -> None:
    source, axis, output = op.input(0), op.input(1), op.output()
    types = ("INT8", "INT16", "FLOAT32")
    op.require(source.type in types, f"an input of type {source.type}", " or ".join(types))
    op.require(axis.type == "INT32" and len(axis.shape) < 2, f"an axis of type {axis.type} and shape"
               f" {list(axis.shape)}", "an INT32 number or vector")  # fmt: skip
    op.require(bool(axis.data), "an axis that the model computes", "a constant axis")
    place = axis_of(op, int(axis.values.ravel()[0]), len(source.shape) + 1)
    op.shape_of(output, (*source.shape[:place], 1, *source.shape[place:]), "an output")


def _check_squeeze(op: OpContext) -> None:
    """TFLM wants as many values, and the sizes that are left in front; sizes of 1 may follow them."""
    source, output = op.input(0), op.output()
    rank = len(source.shape)
    named = _check_options(op, "squeeze_dims")
    for axis in named:
        fits = -rank <= axis < rank and source.shape[axis] == 1
        op.require(fits, f"axis {axis} of the shape {list(source.shape)}", "axes of size 1")
    gone = {axis % rank for axis in named} or {axis for axis in range(rank) if source.shape[axis] == 1}
    left = tuple(size for axis, size in enumerate(source.shape) if axis not in gone)
    op.require(output.shape[: len(left)] == left and output.size == source.size,
               f"an output of shape {list(output.shape)}", str(list(left)))  # fmt: skip


def _check_options(op: OpContext, name: str) -> tuple[int, ...]:
    numbers: tuple[int, ...] = op.option(name, ())
    op.require(len(numbers) <= _MOST_NEW_DIMENSIONS, f"{name} of {len(numbers)} dimensions",
               f"up to {_MOST_NEW_DIMENSIONS}")  # fmt: skip
    return numbers
