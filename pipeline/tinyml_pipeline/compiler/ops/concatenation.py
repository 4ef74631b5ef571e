"""CONCATENATION along any axis."""

from __future__ import annotations

from tinyml_pipeline.compiler.graph import Tensor
from tinyml_pipeline.compiler.ops._context import OpContext
from tinyml_pipeline.compiler.ops._move import Move
from tinyml_pipeline.compiler.ops._view import Copy, View

_TYPES = ("INT8", "INT16", "INT32", "INT64", "FLOAT32", "BOOL")


def read(op: OpContext) -> Move:
    output = op.output()
    activation = op.option("fused_activation_function", "NONE")
    op.require(activation == "NONE", f"fused activation {activation}", "NONE")
    count = len(op.operation.inputs)
    op.require(1 <= count <= 10, f"{count} inputs", "1 to 10 inputs")
    axis = op.option("axis", 0)
    rank = len(output.shape)
    op.require(rank <= 6, f"an output of {rank} dimensions", "up to 6")
    op.require(-rank <= axis < rank, f"axis {axis} of {rank}", "an axis of the output")
    axis %= rank
    tensors = [op.input(position) for position in range(count)]
    for tensor in tensors:
        _check_type(op, tensor, output)
        _check_shape(op, tensor, output, axis)
    together = sum(tensor.shape[axis] for tensor in tensors)
    op.require(together == output.shape[axis] and output.size > 0, f"an output of shape {list(output.shape)}",
               f"{together} along axis {axis}")  # fmt: skip
    return Move((output,), tuple(_copies(tensors, output, axis)))


def _copies(tensors: list[Tensor], output: Tensor, axis: int) -> list[Copy]:
    whole, first, copies = View.whole(output), 0, []
    for tensor in tensors:
        if tensor.size:
            copies.append(Copy(View.whole(tensor), whole.cut(axis, first, tensor.shape[axis])))
        first += tensor.shape[axis]
    return copies


def _check_type(op: OpContext, tensor: Tensor, output: Tensor) -> None:
    """TFLM never rescales here."""
    op.require(output.type in _TYPES, f"an output of type {output.type}", " or ".join(_TYPES))
    op.require(tensor.type == output.type, f"an input of type {tensor.type}", f"{output.type}, as the output")
    if output.type == "INT8":
        given, wanted = op.quantization(tensor, "an input"), op.quantization(output, "an output")
        op.require((given.scale, given.zero_point) == (wanted.scale, wanted.zero_point),
                   f"an input of scale {given.scale:g} and zero point {given.zero_point}",
                   f"the output's scale {wanted.scale:g} and zero point {wanted.zero_point}")  # fmt: skip
    if output.type == "INT16":
        points = {one.quantization.zero_point for one in (tensor, output) if one.quantization is not None}
        op.require(points <= {0}, f"zero point {max(points, default=0, key=abs)}", "0 in int16")


def _check_shape(op: OpContext, tensor: Tensor, output: Tensor, axis: int) -> None:
    expected = (*output.shape[:axis], *output.shape[axis + 1 :])
    fits = len(tensor.shape) == len(output.shape) and (*tensor.shape[:axis], *tensor.shape[axis + 1 :]) == expected
    op.require(fits, f"joining {list(tensor.shape)} into {list(output.shape)}", f"shapes equal but for axis {axis}")
