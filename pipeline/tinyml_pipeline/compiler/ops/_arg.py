"""ARG_MAX and ARG_MIN: the index of the greatest or least value along an axis; of equal ones the first."""

from __future__ import annotations

import math
from dataclasses import dataclass

from tinyml_pipeline.compiler.graph import Tensor
from tinyml_pipeline.compiler.op import Op
from tinyml_pipeline.compiler.ops._context import OpContext
from tinyml_pipeline.compiler.ops._move_context import axis_of, numbers, source_of


@dataclass(frozen=True, eq=False)
class Arg(Op):
    """`count` values that lie `stride` elements apart are compared with each other."""

    source: Tensor
    output: Tensor
    count: int
    stride: int
    greatest: bool


def read_arg(op: OpContext, *, greatest: bool) -> Arg:
    source, output = source_of(op, ("INT8",)), op.output()
    op.activation(0)
    (given,) = numbers(op, 1, "axis", count=1)
    shape = source.shape
    axis = axis_of(op, given, len(shape))
    op.require(output.type == "INT32", f"an output of type {output.type}", "INT32")
    op.shape_of(output, (*shape[:axis], *shape[axis + 1 :]), "an output")
    return Arg(source, output, shape[axis], math.prod(shape[axis + 1 :]), greatest)
