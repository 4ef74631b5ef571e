"""The single addition that stands for both of TFLM's roundings, against TFLM's arithmetic in big integers."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tinyml_pipeline.compiler.fixed_point import multiply_by_quantized_multiplier
from tinyml_pipeline.compiler.kernels._requantize import HIGHEST_SUM, LOWEST_SUM, needs_sign, single_add_scale

MULTIPLIERS = st.one_of(st.sampled_from([2**30, 2**30 + 1, 2**31 - 1]), st.integers(2**30, 2**31 - 1))
SUMS = st.one_of(
    st.sampled_from([0, 1, -1, LOWEST_SUM, HIGHEST_SUM]),
    st.integers(-70000, 70000),
    st.integers(LOWEST_SUM, HIGHEST_SUM),
)
ZERO_POINTS = st.one_of(st.sampled_from([-128, 0, 127]), st.integers(-128, 127))


def expected(total: int, multiplier: int, shift: int, zero_point: int) -> int:
    return min(max(multiply_by_quantized_multiplier(total, multiplier, shift) + zero_point, -128), 127)


def kernel(total: int, multiplier: int, shift: int, zero_point: int) -> int | None:
    """What firmware/kernels/common/requantize.h computes, or None where the compiler would not use it."""
    signed = needs_sign(zero_point, -128)
    scale = single_add_scale(multiplier, shift, zero_point, signed=signed)
    if scale is None:
        return None
    high = 256 * total * scale.multiplier >> 32
    step_down = -128 if signed and total < 0 else 0
    assert -(2**31) <= high + scale.offset + step_down < 2**31
    return min(max(high + scale.offset + step_down >> scale.shift, -128), 127)


@settings(max_examples=1000)
@given(SUMS, MULTIPLIERS, st.integers(-17, 6), ZERO_POINTS)
@example(-1, 2**30, -1, 0)
@example(LOWEST_SUM, 2**31 - 1, 6, -128)
def test_equals_tflm(total: int, multiplier: int, shift: int, zero_point: int) -> None:
    answer = kernel(total, multiplier, shift, zero_point)
    assert answer is None or answer == expected(total, multiplier, shift, zero_point)


@pytest.mark.parametrize("shift", range(-15, 0))
@pytest.mark.parametrize("zero_point", [-128, -7, 127])
def test_every_tie_rounds_as_in_tflm(shift: int, zero_point: int) -> None:
    """A multiplier of 2^30 halves, so that sums near odd multiples of 2^right_shift are ties of the last shift."""
    for odd in range(-301, 302, 2):
        tie = odd << -shift
        for total in range(tie - 3, tie + 4):
            if LOWEST_SUM <= total <= HIGHEST_SUM:
                assert kernel(total, 2**30, shift, zero_point) == expected(total, 2**30, shift, zero_point)


def test_every_sum_of_a_small_range() -> None:
    for total in range(-40000, 40001):
        assert kernel(total, 1288490189, -7, 3) == expected(total, 1288490189, -7, 3)


LIMITS = {
    "right_shift_15": (-15, 127, True, True),
    "right_shift_too_far_for_the_zero_point": (-17, 127, True, False),
    "right_shift_24_within_128_steps_of_32_bits": (-24, -1, True, False),
    "right_shift_23": (-23, -1, True, True),
    "left_shift_with_sign": (1, 0, True, False),
    "no_shift_with_sign": (0, 0, True, False),
    "left_shift_6": (6, -128, False, True),
    "left_shift_7": (7, -128, False, False),
}


@pytest.mark.parametrize("name", LIMITS)
def test_limits(name: str) -> None:
    shift, zero_point, signed, exists = LIMITS[name]
    assert (single_add_scale(2**30, shift, zero_point, signed=signed) is not None) == exists


def test_sign_matters_only_above_the_lowest_output() -> None:
    assert needs_sign(0, -128)
    assert not needs_sign(-128, -128)
    assert not needs_sign(5, 5)
