"""The inverse square root of each element."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tinyml_pipeline.compiler.fixed_point import multiply_by_quantized_multiplier, quantize_multiplier
from tinyml_pipeline.compiler.gemmlowp import inverse_square_root
from tinyml_pipeline.compiler.ops._context import INT8_MAX, OpContext
from tinyml_pipeline.compiler.ops._unary import Unary, saturated

_SHIFT = 20  # keeps a root between 0 and 1 an integer


@dataclass(frozen=True, eq=False)
class Rsqrt(Unary):
    """1 / sqrt(in - input zero point), scaled by (multiplier, shift); the highest output for 0.

    TFLM stops at a value below 0; here it gives the highest output too.
    """

    multiplier: int
    shift: int
    input_zero_point: int
    output_zero_point: int

    def answer(self, stored: int) -> int:
        value = stored - self.input_zero_point
        if value <= 0:
            return INT8_MAX
        root, shift = inverse_square_root(value)
        data = multiply_by_quantized_multiplier(1, root, shift + _SHIFT)
        return saturated(
            multiply_by_quantized_multiplier(data, self.multiplier, self.shift - _SHIFT) + self.output_zero_point
        )


def read(op: OpContext) -> Rsqrt:
    source, given, wanted = op.elementwise()
    real = 1 / (float(np.sqrt(np.float32(given.scale))) * wanted.scale)
    op.require(2**-11 <= real < 2**30, f"an output scale of {wanted.scale:g} with an input scale of {given.scale:g}",
               "1 / (sqrt(input scale) * output scale) of 2^-11 to 2^30")  # fmt: skip
    multiplier, shift = quantize_multiplier(real)
    return Rsqrt(source, op.output(), multiplier, shift, given.zero_point, wanted.zero_point)
