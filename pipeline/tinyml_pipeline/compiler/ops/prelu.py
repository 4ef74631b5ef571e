"""PRELU: a slope of its own below zero for each channel, or for whatever the slopes are stretched along."""

from __future__ import annotations

from dataclasses import dataclass

from tinyml_pipeline.compiler.ops._binary import Binary, read_operands
from tinyml_pipeline.compiler.ops._context import OpContext
from tinyml_pipeline.compiler.ops._unary import multiplier_of


@dataclass(frozen=True, eq=False)
class Prelu(Binary):
    """`first` is the input, `second` holds the slopes; `positive` and `negative` are (multiplier, shift)."""

    positive: tuple[int, int]
    negative: tuple[int, int]
    first_zero_point: int
    second_zero_point: int
    output_zero_point: int


def read(op: OpContext) -> Prelu:
    (given, slopes), wanted = read_operands(op)
    positive = multiplier_of(op, given.scale / wanted.scale)
    negative = multiplier_of(op, given.scale * slopes.scale / wanted.scale, reach=255 * 255)
    return Prelu(
        op.input(0), op.input(1), op.output(), positive, negative,
        given.zero_point, slopes.zero_point, wanted.zero_point,
    )  # fmt: skip
