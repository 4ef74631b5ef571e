"""The absolute value of each element."""

from __future__ import annotations

from dataclasses import dataclass

from tinyml_pipeline.compiler.fixed_point import multiply_by_quantized_multiplier
from tinyml_pipeline.compiler.ops._context import OpContext
from tinyml_pipeline.compiler.ops._unary import Unary, multiplier_of, saturated


@dataclass(frozen=True, eq=False)
class Abs(Unary):
    """|in - input zero point|, scaled by (multiplier, shift), which is 1 if both scales are equal."""

    multiplier: int
    shift: int
    input_zero_point: int
    output_zero_point: int

    def answer(self, stored: int) -> int:
        scaled = multiply_by_quantized_multiplier(abs(stored - self.input_zero_point), self.multiplier, self.shift)
        return saturated(scaled + self.output_zero_point)


def read(op: OpContext) -> Abs:
    source, given, wanted = op.elementwise()
    multiplier, shift = multiplier_of(op, given.scale / wanted.scale)
    return Abs(source, op.output(), multiplier, shift, given.zero_point, wanted.zero_point)
