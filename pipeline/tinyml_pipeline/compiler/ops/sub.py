"""SUB of two int8 tensors."""

from __future__ import annotations

from tinyml_pipeline.compiler.ops._binary import Sum, read_sum
from tinyml_pipeline.compiler.ops._context import OpContext


class Sub(Sum):
    """first - second."""


def read(op: OpContext) -> Sub:
    return read_sum(op, Sub)
