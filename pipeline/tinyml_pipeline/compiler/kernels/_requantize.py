"""Requantization constants for sums of at most 24 bits (formula: firmware/kernels/common/requantize.h).

There, both roundings of TFLM and the output's zero point become one addition to 256 * sum * multiplier / 2**32.
"""

from __future__ import annotations

from typing import NamedTuple

from tinyml_pipeline.compiler.fixed_point import INT32_MAX

# 256 * sum must fit 32 bits.
LOWEST_SUM, HIGHEST_SUM = -(2**23), 2**23 - 1

_EXTRA_BITS = 7


class Scale(NamedTuple):
    """out = (256 * sum * multiplier // 2**32 + offset) >> shift, before the clamp."""

    multiplier: int
    offset: int
    shift: int


def needs_sign(output_zero_point: int, output_min: int) -> bool:
    """Whether outputs of negative sums survive the clamp: only then it matters how a half below zero is rounded."""
    return output_min < output_zero_point


def single_add_scale(multiplier: int, shift: int, output_zero_point: int, *, signed: bool) -> Scale | None:
    """The scale of TFLM's (multiplier, shift) with the same output for every sum of 24 bits, or None where it has none.

    `signed` is the kernel's `is_signed`, which takes a step from negative sums; TFLM does so only in a right shift.
    """
    right = -shift
    if (signed and right < 1) or right < -_EXTRA_BITS + 1:
        return None
    total = right + _EXTRA_BITS
    half = 1 << right - 1 << _EXTRA_BITS if right > 0 else 0
    # The high multiply rounds at the weight of 2**-(right + 1) outputs: with a left shift, of more than one.
    nudge = 1 << _EXTRA_BITS - 1 >> max(-right, 0)
    offset = (output_zero_point << total) + half + nudge
    # The high multiply stays below 2**30, and taking a step never leaves the range that this leaves.
    return Scale(multiplier, offset, total) if abs(offset) <= INT32_MAX - 2**30 - 128 and total <= 31 else None
