"""SOFTMAX along the last axis: a table of exponentials, and one fixed-point division per row."""

from __future__ import annotations

from dataclasses import dataclass

from tinyml_pipeline.compiler.fixed_point import (
    doubling_high_multiply,
    quantize_multiplier,
    rounding_divide_by_power_of_two,
)
from tinyml_pipeline.compiler.gemmlowp import exp_of_negative, input_radius
from tinyml_pipeline.compiler.graph import Tensor
from tinyml_pipeline.compiler.op import Op
from tinyml_pipeline.compiler.ops._context import INT8_MIN, OpContext

_INTEGER_BITS = 5
_SUM_INTEGER_BITS = 12


@dataclass(frozen=True, eq=False)
class Softmax(Op):
    """`exponentials`: exp(0), exp(-1 step), ... as fractions of 2^31. Rows of `depth` values."""

    source: Tensor
    output: Tensor
    depth: int
    exponentials: tuple[int, ...]


def read(op: OpContext) -> Softmax:
    source, given, wanted = op.elementwise()
    op.shape_of(op.output(), source.shape, "an output")  # TFLM takes the depth from both
    op.require(len(source.shape) > 0, "an input without dimensions", "rows")
    op.require(wanted.zero_point == INT8_MIN and wanted.scale == 1 / 256,
               f"an output of scale {wanted.scale:g} and zero point {wanted.zero_point}",
               "scale 1/256 and zero point -128")  # fmt: skip
    beta = float(op.option("beta", 0.0))
    real = min(beta * given.scale * 2.0 ** (31 - _INTEGER_BITS), 2.0**31 - 1)
    op.require(real > 1, f"beta {beta:g} with an input scale of {given.scale:g}", "products above 2^-26")
    depth = source.shape[-1]
    # The sum is at most `depth`; from 512 on, TFLM's last shift may exceed 31 bits, and TFLM aborts.
    op.require(depth < 512, f"a row of {depth} values", "rows of up to 511")
    return Softmax(source, op.output(), depth, tuple(exponentials_of(*quantize_multiplier(real))))


def exponentials_of(multiplier: int, shift: int) -> list[int]:
    """exp(-d * scale * beta) for d = 0, 1, ... up to the last that is not lost in the sum and in every output."""
    exponentials = []
    for difference in range(min(255, input_radius(_INTEGER_BITS, shift)) + 1):
        scaled = doubling_high_multiply(-difference << shift, multiplier)
        exponentials.append(exp_of_negative(scaled, _INTEGER_BITS))
    while len(exponentials) > 1 and rounding_divide_by_power_of_two(exponentials[-1], _SUM_INTEGER_BITS) == 0:
        exponentials.pop()
    return exponentials
