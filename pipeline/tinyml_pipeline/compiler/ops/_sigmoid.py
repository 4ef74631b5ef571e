"""LOGISTIC and TANH: a table of what TFLM's fixed-point arithmetic answers."""

from __future__ import annotations

from collections.abc import Callable

from tinyml_pipeline.compiler.fixed_point import (
    multiply_by_quantized_multiplier,
    quantize_multiplier,
    rounding_divide_by_power_of_two,
)
from tinyml_pipeline.compiler.gemmlowp import input_radius
from tinyml_pipeline.compiler.ops._lowering import INT8_MAX, INT8_MIN, Layer, Lowered
from tinyml_pipeline.compiler.ops._table import lower_to_table, saturated

_INTEGER_BITS = 4


def lower_sigmoid(
    layer: Layer, function: Callable[[int, int], int], output_bits: int, zero_point: int, name: str
) -> Lowered:
    """`function` of the real input; stored outputs are steps of 2**-output_bits around `zero_point`."""
    source, given, _ = layer.elementwise()
    layer.require(2**-27 <= given.scale < 2**30, f"an input scale of {given.scale:g}", "2^-27 to 2^30")
    multiplier, shift = quantize_multiplier(given.scale * 2.0 ** (31 - _INTEGER_BITS)) if given.scale < 16 else (0, 31)
    radius = input_radius(_INTEGER_BITS, shift)

    def answer(stored: int) -> int:
        value = stored - given.zero_point
        if value <= -radius:
            return INT8_MIN
        if value >= radius:
            return INT8_MAX
        result = function(multiply_by_quantized_multiplier(value, multiplier, shift), _INTEGER_BITS)
        return saturated(rounding_divide_by_power_of_two(result, 31 - output_bits) + zero_point)

    return lower_to_table(layer, source, f"{name}, {source.size} values", answer)
