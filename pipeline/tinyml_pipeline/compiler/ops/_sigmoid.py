"""LOGISTIC and TANH: what TFLM's fixed-point arithmetic answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tinyml_pipeline.compiler.fixed_point import (
    multiply_by_quantized_multiplier,
    quantize_multiplier,
    rounding_divide_by_power_of_two,
)
from tinyml_pipeline.compiler.gemmlowp import input_radius
from tinyml_pipeline.compiler.ops._context import INT8_MAX, INT8_MIN, OpContext
from tinyml_pipeline.compiler.ops._unary import Unary, saturated

_INTEGER_BITS = 4


@dataclass(frozen=True, eq=False)
class Sigmoid(Unary):
    """`function` of the real input; stored outputs are steps of 2**-output_bits around `zero_point`."""

    function: Callable[[int, int], int]
    output_bits: int
    zero_point: int
    input_zero_point: int
    multiplier: int
    shift: int

    def answer(self, stored: int) -> int:
        value, radius = stored - self.input_zero_point, input_radius(_INTEGER_BITS, self.shift)
        if value <= -radius:
            return INT8_MIN
        if value >= radius:
            return INT8_MAX
        result = self.function(multiply_by_quantized_multiplier(value, self.multiplier, self.shift), _INTEGER_BITS)
        return saturated(rounding_divide_by_power_of_two(result, 31 - self.output_bits) + self.zero_point)


def read_sigmoid(op: OpContext, function: Callable[[int, int], int], output_bits: int, zero_point: int) -> Sigmoid:
    source, given, _ = op.elementwise()
    op.require(2**-27 <= given.scale < 2**30, f"an input scale of {given.scale:g}", "2^-27 to 2^30")
    multiplier, shift = quantize_multiplier(given.scale * 2.0 ** (31 - _INTEGER_BITS)) if given.scale < 16 else (0, 31)
    return Sigmoid(source, op.output(), function, output_bits, zero_point, given.zero_point, multiplier, shift)
