"""LOG_SOFTMAX along the last axis: a table of exponentials, and one logarithm in fixed point per row."""

from __future__ import annotations

from dataclasses import dataclass

from tinyml_pipeline.compiler.fixed_point import quantize_multiplier, rounding_divide_by_power_of_two
from tinyml_pipeline.compiler.gemmlowp import input_radius
from tinyml_pipeline.compiler.graph import Tensor
from tinyml_pipeline.compiler.op import Op
from tinyml_pipeline.compiler.ops._context import INT8_MAX, OpContext
from tinyml_pipeline.compiler.ops.softmax import exponentials_of

_INTEGER_BITS = 5
_SUM_INTEGER_BITS = 12


@dataclass(frozen=True, eq=False)
class LogSoftmax(Op):
    """Rows of `depth` values. `scale` takes a difference of stored values to 5 integer bits, `inverse_scale` back; both
    are (multiplier, shift). `exponentials`: exp(0), exp(-1 step), ... with 12 integer bits. Differences down to
    `lowest_difference` count.

    Formula: tensorflow/lite/kernels/internal/reference/log_softmax.h.
    """

    source: Tensor
    output: Tensor
    depth: int
    scale: tuple[int, int]
    inverse_scale: tuple[int, int]
    exponentials: tuple[int, ...]
    lowest_difference: int


def read(op: OpContext) -> LogSoftmax:
    source, given, wanted = op.elementwise()
    op.shape_of(op.output(), source.shape, "an output")
    op.require(len(source.shape) > 0, "an input without dimensions", "rows")
    op.require(wanted.zero_point == INT8_MAX and wanted.scale == 1 / 16,
               f"an output of scale {wanted.scale:g} and zero point {wanted.zero_point}",
               "scale 1/16 and zero point 127")  # fmt: skip
    depth = source.shape[-1]
    op.require(depth < 2**_SUM_INTEGER_BITS, f"a row of {depth} values", f"rows of up to {2**_SUM_INTEGER_BITS - 1}")
    real = min(given.scale * 2.0 ** (31 - _INTEGER_BITS), 2.0**31 - 1)
    op.require(real >= 1.001, f"an input scale of {given.scale:g}", "more than 2^-26")
    multiplier, shift = quantize_multiplier(real)
    radius = input_radius(_INTEGER_BITS, shift)
    terms = (rounding_divide_by_power_of_two(exp, _SUM_INTEGER_BITS) for exp in exponentials_of(multiplier, shift))
    return LogSoftmax(
        source, op.output(), depth, (multiplier, shift), quantize_multiplier(2.0 ** (31 - shift) / multiplier),
        tuple(terms), -min(radius, 2**15 - 2),
    )  # fmt: skip
