"""MUL of two int8 tensors."""

from __future__ import annotations

from dataclasses import dataclass

from tinyml_pipeline.compiler.ops._binary import Binary, read_operands
from tinyml_pipeline.compiler.ops._context import OpContext
from tinyml_pipeline.compiler.ops._unary import multiplier_of


@dataclass(frozen=True, eq=False)
class Mul(Binary):
    """first * second, scaled by (multiplier, shift)."""

    multiplier: int
    shift: int
    first_zero_point: int
    second_zero_point: int
    output_zero_point: int
    output_min: int
    output_max: int
    activation: str


def read(op: OpContext) -> Mul:
    (first, second), wanted = read_operands(op)
    multiplier, shift = multiplier_of(op, first.scale * second.scale / wanted.scale, reach=255 * 255)
    low, high = op.activation_range(wanted)
    return Mul(
        op.input(0), op.input(1), op.output(), multiplier, shift,
        first.zero_point, second.zero_point, wanted.zero_point, low, high, op.activation_name,
    )  # fmt: skip
