"""HARD_SWISH: x * relu6(x + 3) / 6, in TFLM's 16-bit fixed point."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tinyml_pipeline.compiler.fixed_point import quantize_multiplier
from tinyml_pipeline.compiler.ops._context import OpContext
from tinyml_pipeline.compiler.ops._unary import Unary, saturated

_INT16_MIN, _INT16_MAX = -(2**15), 2**15 - 1


@dataclass(frozen=True, eq=False)
class HardSwish(Unary):
    """`output_scale` and `reluish_scale` are (16-bit multiplier, shift): from 1/128 of an input step to the output's,
    and to 3/2^15. Formula: tensorflow/lite/kernels/internal/reference/hard_swish.h."""

    output_scale: tuple[int, int]
    reluish_scale: tuple[int, int]
    input_zero_point: int
    output_zero_point: int

    def answer(self, stored: int) -> int:
        fine = (stored - self.input_zero_point) << 7
        scaled = _high_multiply(fine, self.output_scale[0])
        share = (self._reluish(fine) + 2**15) >> 1  # relu6(x + 3) / 6 as a fraction of 2^15
        product = int(share * scaled / 2**15)  # towards 0
        return saturated(_divide(product, -self.output_scale[1]) + self.output_zero_point)

    def _reluish(self, fine: int) -> int:
        """x / 3 as a fraction of 2^15, saturated."""
        multiplier, shift = self.reluish_scale
        value = _high_multiply(_saturated16(fine << max(shift - 1, 0)), multiplier)
        return _saturated16(value << 1) if shift > 0 else _divide(value, -shift)


def read(op: OpContext) -> HardSwish:
    source, given, wanted = op.elementwise()
    fine = given.scale / 128
    output_real, reluish_real = fine / wanted.scale, fine / float(np.float32(3 / 2**15))
    fits = reluish_real < 2**15 and output_real < 1
    op.require(fits, f"an input scale of {given.scale:g} with an output scale of {wanted.scale:g}",
               "an input scale below 384, and below 128 times the output's")  # fmt: skip
    pairs = quantize_multiplier(output_real), quantize_multiplier(reluish_real)
    op.require(pairs[0][1] <= 0, f"an output scale of {wanted.scale:g}", "more than 1/128 of the input's")
    op.require(min(pairs[0][1], pairs[1][1]) > -32, f"an input scale of {given.scale:g}", "scales above 2^-32")
    output_scale, reluish_scale = ((_halved(multiplier), shift) for multiplier, shift in pairs)
    return HardSwish(source, op.output(), output_scale, reluish_scale, given.zero_point, wanted.zero_point)


def _halved(multiplier: int) -> int:
    """The upper 16 bits of a multiplier, rounded."""
    return min((multiplier + 2**15) >> 16, _INT16_MAX)


def _saturated16(value: int) -> int:
    return min(max(value, _INT16_MIN), _INT16_MAX)


def _high_multiply(a: int, b: int) -> int:
    """a * b / 2^15, rounded to nearest, a half up."""
    return (a * b + 2**14) >> 15


def _divide(x: int, exponent: int) -> int:
    """x / 2^exponent as gemmlowp does it in 16 bits: to nearest, a half away from zero. From 2^16 on its mask has no
    zeros left, and what is not negative becomes 1."""
    if exponent > 15:
        return 1 if x >= 0 else -1
    mask = (1 << exponent) - 1
    return (x >> exponent) + ((x & mask) > (mask >> 1) + (x < 0))
