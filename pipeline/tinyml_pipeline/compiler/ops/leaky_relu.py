"""LEAKY_RELU: two slopes."""

from __future__ import annotations

from dataclasses import dataclass

from tinyml_pipeline.compiler.fixed_point import multiply_by_quantized_multiplier
from tinyml_pipeline.compiler.ops._context import OpContext
from tinyml_pipeline.compiler.ops._unary import Unary, multiplier_of, saturated


@dataclass(frozen=True, eq=False)
class LeakyRelu(Unary):
    """`positive` and `negative`: multiplier and shift above and below the input's zero point."""

    positive: tuple[int, int]
    negative: tuple[int, int]
    input_zero_point: int
    output_zero_point: int
    alpha: float

    def answer(self, stored: int) -> int:
        value = stored - self.input_zero_point
        scaled = multiply_by_quantized_multiplier(value, *(self.positive if value >= 0 else self.negative))
        return saturated(scaled + self.output_zero_point)


def read(op: OpContext) -> LeakyRelu:
    source, given, wanted = op.elementwise()
    alpha = float(op.option("alpha", 0.0))
    op.require(abs(alpha) < 2**30, f"alpha {alpha:g}", "less than 2^30")
    positive = multiplier_of(op, given.scale / wanted.scale)
    multiplier, shift = multiplier_of(op, given.scale * abs(alpha) / wanted.scale)
    negative = (multiplier if alpha >= 0 else -multiplier, shift)
    return LeakyRelu(source, op.output(), positive, negative, given.zero_point, wanted.zero_point, alpha)
