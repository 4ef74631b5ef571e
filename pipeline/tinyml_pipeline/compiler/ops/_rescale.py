"""A change of scale with a clamp: RELU and QUANTIZE."""

from __future__ import annotations

from dataclasses import dataclass

from tinyml_pipeline.compiler.fixed_point import multiply_by_quantized_multiplier
from tinyml_pipeline.compiler.ops._unary import Unary


@dataclass(frozen=True, eq=False)
class Rescale(Unary):
    """out = clamp(multiplier * 2^(shift - 31) * (in - input zero point) + output zero point)."""

    multiplier: int
    shift: int
    input_zero_point: int
    output_zero_point: int
    output_min: int
    output_max: int

    def answer(self, stored: int) -> int:
        scaled = multiply_by_quantized_multiplier(stored - self.input_zero_point, self.multiplier, self.shift)
        return min(max(scaled + self.output_zero_point, self.output_min), self.output_max)
