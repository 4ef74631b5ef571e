"""CONCATENATION along any axis."""

from __future__ import annotations

import math
from dataclasses import dataclass

from tinyml_pipeline.compiler.graph import Tensor
from tinyml_pipeline.compiler.op import Op
from tinyml_pipeline.compiler.ops._context import OpContext


@dataclass(frozen=True, eq=False)
class Concatenation(Op):
    """`parts`, some of them constant, joined: each of the output's `rows` is a row of every part."""

    parts: tuple[Tensor, ...]
    output: Tensor
    rows: int


def read(op: OpContext) -> Concatenation:
    output = op.output()
    quantization = op.quantization(output, "an output")
    activation = op.option("fused_activation_function", "NONE")
    op.require(activation == "NONE", f"fused activation {activation}", "NONE")
    count = len(op.operation.inputs)
    op.require(1 <= count <= 10, f"{count} inputs", "1 to 10 inputs")
    axis = op.option("axis", 0)
    rank = len(output.shape)
    op.require(-rank <= axis < rank, f"axis {axis} of {rank}", "an axis of the output")
    axis %= rank
    tensors = [op.input(position) for position in range(count)]
    for tensor in tensors:
        given = op.quantization(tensor, "an input")
        op.require((given.scale, given.zero_point) == (quantization.scale, quantization.zero_point),
                   "inputs on several scales", "inputs with the output's scale and zero point")  # fmt: skip
        _check_shape(op, tensor, output, axis)
    together = sum(tensor.shape[axis] for tensor in tensors)
    op.require(together == output.shape[axis] and output.size > 0, f"an output of shape {list(output.shape)}",
               f"{together} along axis {axis}")  # fmt: skip
    return Concatenation(tuple(tensors), output, math.prod(output.shape[:axis]))


def _check_shape(op: OpContext, tensor: Tensor, output: Tensor, axis: int) -> None:
    expected = (*output.shape[:axis], *output.shape[axis + 1 :])
    fits = len(tensor.shape) == len(output.shape) and (*tensor.shape[:axis], *tensor.shape[axis + 1 :]) == expected
    op.require(fits, f"joining {list(tensor.shape)} into {list(output.shape)}", f"shapes equal but for axis {axis}")
