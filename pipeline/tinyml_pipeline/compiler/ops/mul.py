"""MUL of two int8 tensors."""

from __future__ import annotations

from tinyml_pipeline.compiler.ops._binary import Product, read_operands
from tinyml_pipeline.compiler.ops._context import OpContext
from tinyml_pipeline.compiler.ops._unary import multiplier_of


class Mul(Product):
    """first * second."""


def read(op: OpContext) -> Mul:
    (first, second), wanted = read_operands(op)
    multiplier, shift = multiplier_of(op, first.scale * second.scale / wanted.scale, reach=255 * 255)
    low, high = op.activation_range(wanted)
    return Mul(
        op.input(0), op.input(1), op.output(), multiplier, shift,
        first.zero_point, second.zero_point, wanted.zero_point, low, high, op.activation_name,
    )  # fmt: skip
