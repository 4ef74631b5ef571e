"""exp, logistic and tanh in 32-bit fixed point, as gemmlowp computes them for TFLM, in Python integers.

A number with `k` integer bits is stored as value * 2**(31 - k). Formulas: gemmlowp/fixedpoint/fixedpoint.h. Tables made
from these functions hold exactly what the chip would compute.
"""

from __future__ import annotations

from tinyml_pipeline.compiler.fixed_point import (
    INT32_MAX,
    INT32_MIN,
    doubling_high_multiply,
    rounding_divide_by_power_of_two,
)

# exp(-2**k) for k = -2, -1, ... 4, no integer bits.
_EXP_OF_MINUS_POWERS = (1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242)
_EXP_OF_MINUS_EIGHTH = 1895147668
_ONE_THIRD = 715827883
# 48/17 and -32/17 with 2 integer bits: the start of Newton's division.
_DIVISION_START, _DIVISION_SLOPE = 1515870810, -1010580540

# 3/2 with 3 integer bits, sqrt(2)/2 with none: for the inverse square root.
_THREE_HALVES, _HALF_SQUARE_ROOT_OF_2 = (1 << 28) + (1 << 27), 1518500250


def shift_left_saturating(x: int, bits: int) -> int:
    return min(max(x << bits, INT32_MIN), INT32_MAX)


def exp_of_negative(x: int, integer_bits: int) -> int:
    """exp(x) without integer bits, for x <= 0 with `integer_bits` (at most 5) of them."""
    if x == 0:
        return INT32_MAX
    fraction_bits = 31 - integer_bits
    quarter = 1 << (fraction_bits - 2)
    below_quarter = (x & (quarter - 1)) - quarter
    result = _exp_of_below_quarter(shift_left_saturating(below_quarter, integer_bits))
    remainder = below_quarter - x
    for exponent, factor in zip(range(-2, integer_bits), _EXP_OF_MINUS_POWERS, strict=False):
        if remainder & (1 << (fraction_bits + exponent)):
            result = doubling_high_multiply(result, factor)
    return result


def _exp_of_below_quarter(x: int) -> int:
    """exp(x) for x in [-1/4, 0): a Taylor series around -1/8."""
    x += 1 << 28
    x2 = doubling_high_multiply(x, x)
    x3 = doubling_high_multiply(x2, x)
    x4_over_4 = rounding_divide_by_power_of_two(doubling_high_multiply(x2, x2), 2)
    higher = rounding_divide_by_power_of_two(doubling_high_multiply(x4_over_4 + x3, _ONE_THIRD) + x2, 1)
    return _EXP_OF_MINUS_EIGHTH + doubling_high_multiply(_EXP_OF_MINUS_EIGHTH, x + higher)


def _two_over_one_plus(x: int) -> int:
    """2 / (1 + x) with 2 integer bits, for x in (0, 1) without: three steps of Newton's division."""
    half_denominator = (x + INT32_MAX + 1) >> 1
    estimate = _DIVISION_START + doubling_high_multiply(half_denominator, _DIVISION_SLOPE)
    for _ in range(3):
        error = (1 << 29) - doubling_high_multiply(half_denominator, estimate)
        estimate += shift_left_saturating(doubling_high_multiply(estimate, error), 2)
    return estimate


def one_over_one_plus(x: int) -> int:
    """1 / (1 + x) without integer bits, for x in (0, 1)."""
    return shift_left_saturating(_two_over_one_plus(x), 1)


def logistic(x: int, integer_bits: int) -> int:
    """1 / (1 + exp(-x)) without integer bits."""
    if x == 0:
        return 1 << 30
    positive = one_over_one_plus(exp_of_negative(-abs(x), integer_bits))
    return positive if x > 0 else INT32_MAX - positive


def tanh(x: int, integer_bits: int) -> int:
    """tanh(x) = (1 - exp(-2x)) / (1 + exp(-2x)) without integer bits."""
    if x == 0:
        return 0
    exp = exp_of_negative(-abs(x), integer_bits + 1)  # one integer bit more doubles x
    magnitude = shift_left_saturating(_two_over_one_plus(exp) - (1 << 29), 2)
    return magnitude if x > 0 else -magnitude


def inverse_square_root(x: int) -> tuple[int, int]:
    """1 / sqrt(x) without integer bits, and a shift to the left, for x > 0: five steps of Newton's method from 1.

    Formula: GetInvSqrtQuantizedMultiplierExp of tensorflow/lite/kernels/internal/common.h.
    """
    if x <= 1:
        return INT32_MAX, 0
    right_shift = 11
    while x >= 1 << 29:
        x, right_shift = x // 4, right_shift + 1
    while x < 1 << 27:
        x, right_shift = x * 4, right_shift - 1
    half, root = rounding_divide_by_power_of_two(x >> 1, 1), 1 << 28
    for _ in range(5):
        cube = shift_left_saturating(doubling_high_multiply(doubling_high_multiply(root, root), root), 6)
        root = shift_left_saturating(
            doubling_high_multiply(_THREE_HALVES, root) - doubling_high_multiply(half, cube), 3
        )
    root = doubling_high_multiply(root, _HALF_SQUARE_ROOT_OF_2)
    return root << max(-right_shift, 0), -max(right_shift, 0)


def input_radius(integer_bits: int, left_shift: int) -> int:
    """How far from the zero point a stored value may lie for its scaled form to have `integer_bits`."""
    return ((1 << integer_bits) - 1 << 31 - integer_bits) >> left_shift
