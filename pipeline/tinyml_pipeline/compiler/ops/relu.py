"""RELU that is not fused into the operator before it."""

from __future__ import annotations

from tinyml_pipeline.compiler.ops._context import INT8_MAX, INT8_MIN, OpContext
from tinyml_pipeline.compiler.ops._rescale import Rescale
from tinyml_pipeline.compiler.ops._unary import multiplier_of


def read(op: OpContext) -> Rescale:
    source, given, wanted = op.elementwise()
    multiplier, shift = multiplier_of(op, given.scale / wanted.scale)
    lowest = max(INT8_MIN, wanted.zero_point)
    return Rescale(
        source, op.output(), multiplier, shift, given.zero_point, wanted.zero_point, lowest, INT8_MAX
    )  # fmt: skip
