"""DIV of two int8 tensors.

TFLM divides by a reciprocal in fixed point, and checks neither for a divisor of 0 nor for a shift beyond 31 bits, which
is what small quotients come to with an output scale that is not fine. The kernel follows the pinned TFLM there too.
"""

from __future__ import annotations

from tinyml_pipeline.compiler.fixed_point import quantize_multiplier
from tinyml_pipeline.compiler.ops._binary import Product, read_operands
from tinyml_pipeline.compiler.ops._context import OpContext

# The shift is -7 to 1 by the divisor, and 23 to 31 by the dividend, finer than the output's; it must stay in 0 to 63.
_LOWEST_SHIFT, _HIGHEST_SHIFT = -25, 22


class Div(Product):
    """first / second."""


def read(op: OpContext) -> Div:
    (first, second), wanted = read_operands(op)
    ratio = first.scale / (second.scale * wanted.scale)
    fits = 2.0 ** (_LOWEST_SHIFT - 1) <= ratio < 2.0**_HIGHEST_SHIFT
    multiplier, shift = quantize_multiplier(ratio) if fits else (0, 0)
    op.require(fits and shift <= _HIGHEST_SHIFT, f"a ratio of scales of {ratio:g}", "2^-26 to 2^22")
    low, high = op.activation_range(wanted)
    return Div(
        op.input(0), op.input(1), op.output(), multiplier, shift,
        first.zero_point, second.zero_point, wanted.zero_point, low, high, op.activation_name,
    )  # fmt: skip
