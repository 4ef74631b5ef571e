"""SUM and MEAN: the sum along some axes, in a scale of the output's own."""

from __future__ import annotations

from dataclasses import dataclass

from tinyml_pipeline.compiler.fixed_point import INT32_MAX, quantize_multiplier, zero_point_fits
from tinyml_pipeline.compiler.ops._context import INT8_MAX, INT8_MIN, OpContext
from tinyml_pipeline.compiler.ops._reduction import Reduction, read_reduction


@dataclass(frozen=True, eq=False)
class ReduceSum(Reduction):
    """out = (sum - count * input_zero_point) * multiplier * 2^(shift - 31) + output_zero_point; a mean's multiplier
    holds 1 / count."""

    multiplier: int
    shift: int
    input_zero_point: int
    output_zero_point: int


def read_sum(op: OpContext, *, is_mean: bool) -> ReduceSum:
    source, output, runs = read_reduction(op)
    given, wanted = op.quantization(source, "input"), op.quantization(output, "output")
    count = Reduction(source, output, runs).count
    op.require(count * 256 <= INT32_MAX, f"a sum of {count} values", "sums within 32 bits")
    ratio = given.scale / wanted.scale
    op.require(ratio < 2**30, f"an output scale of {wanted.scale:g}", "ratios of scales below 2^30")
    multiplier, shift = quantize_multiplier(ratio)
    if is_mean:
        multiplier, shift = divided(multiplier, shift, count)
    lowest, highest = (count * (end - given.zero_point) for end in (INT8_MIN, INT8_MAX))
    fits = zero_point_fits(lowest, highest, multiplier, shift)
    op.require(fits, f"an output scale of {wanted.scale:g}", "scaled sums within 32 bits")
    return ReduceSum(source, output, runs, multiplier, shift, given.zero_point, wanted.zero_point)


def divided(multiplier: int, shift: int, count: int) -> tuple[int, int]:
    """multiplier / count with as many bits as fit (TFLM: reference/reduce.h, QuantizedMeanOrSum)."""
    more = min(count.bit_length() - 1, 32, 31 + shift)
    return (multiplier << more) // count, shift - more
