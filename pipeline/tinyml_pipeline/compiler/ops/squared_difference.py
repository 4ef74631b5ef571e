"""SQUARED_DIFFERENCE of two int8 tensors."""

from __future__ import annotations

from dataclasses import dataclass

from tinyml_pipeline.compiler.ops._binary import Binary, common_scale, read_operands
from tinyml_pipeline.compiler.ops._context import OpContext
from tinyml_pipeline.compiler.ops._unary import multiplier_of

_LEFT_SHIFT = 7


@dataclass(frozen=True, eq=False)
class SquaredDifference(Binary):
    """(first - second)^2. Each scale is (multiplier, shift), those of the inputs with shifts of at most 0."""

    first_scale: tuple[int, int]
    second_scale: tuple[int, int]
    output_scale: tuple[int, int]
    first_zero_point: int
    second_zero_point: int
    output_zero_point: int


def read(op: OpContext) -> SquaredDifference:
    (first, second), wanted = read_operands(op)
    twice_larger = 2 * max(first.scale, second.scale)
    first_scale, second_scale = common_scale(first, second)
    # A difference is at most 255 steps of half a unit on either side, 7 bits finer.
    reach = (255 << _LEFT_SHIFT) ** 2
    output_scale = multiplier_of(op, twice_larger**2 / (2 ** (2 * _LEFT_SHIFT) * wanted.scale), reach=reach)
    return SquaredDifference(
        op.input(0), op.input(1), op.output(), first_scale, second_scale, output_scale,
        first.zero_point, second.zero_point, wanted.zero_point,
    )  # fmt: skip
