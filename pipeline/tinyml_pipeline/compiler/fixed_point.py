"""The fixed-point arithmetic of TFLM in Python integers, for constants and tables that the host works out.

Formulas: tensorflow/lite/kernels/internal/{common.h,quantization_util.cc}, built without TFLITE_SINGLE_ROUNDING, and
gemmlowp/fixedpoint/fixedpoint.h. The C twin is firmware/kernels/common/fixed_point.h.
"""

from __future__ import annotations

import math

INT32_MIN, INT32_MAX = -(2**31), 2**31 - 1


def quantize_multiplier(real: float) -> tuple[int, int]:
    """(multiplier, shift) with real = multiplier * 2**(shift - 31), and multiplier in [2**30, 2**31).

    Takes 0 <= real < 2**31. What is so small that every product with it rounds to 0 becomes (0, 0), as in TFLM.
    """
    if not 0 <= real < 2**31:
        raise ValueError(f"{real} is outside [0, 2**31)")
    fraction, shift = math.frexp(real)
    multiplier = math.floor(fraction * 2**31 + 0.5)
    if multiplier == 2**31:
        multiplier, shift = 2**30, shift + 1
    return (multiplier, shift) if shift >= -31 and multiplier else (0, 0)


def doubling_high_multiply(a: int, b: int) -> int:
    """(a * b * 2) / 2**32 for int32 a and b, rounded to nearest, a half up; INT32_MIN squared saturates."""
    return min((a * b + 2**30) >> 31, INT32_MAX)


def rounding_divide_by_power_of_two(x: int, exponent: int) -> int:
    """x / 2**exponent, rounded to nearest, a half away from zero."""
    half = 1 << exponent >> 1
    return (x + half - (1 if x < 0 and exponent else 0)) >> exponent


def multiply_by_quantized_multiplier(x: int, multiplier: int, shift: int) -> int:
    """x * multiplier * 2**(shift - 31), rounded twice: by the high multiply, then by the right shift.

    A left shift wraps at 32 bits. C leaves that undefined, but it is what TFLM's does on every processor.
    """
    shifted = (x * (1 << max(shift, 0)) - INT32_MIN) % 2**32 + INT32_MIN
    return rounding_divide_by_power_of_two(doubling_high_multiply(shifted, multiplier), max(-shift, 0))


def zero_point_fits(lowest: int, highest: int, multiplier: int, shift: int) -> bool:
    """Whether an int8 zero point can be added to every scaled x in [lowest, highest] within 32 bits."""
    if multiplier <= 2**31 - 256:
        return True  # a scaled value is never beyond its multiplier
    return lowest << max(shift, 0) >= INT32_MIN + 128 and highest << max(shift, 0) < 2**31 - 256
