"""The fixed-point helpers against their definition in big integers, and their C twins against them."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tinyml_pipeline.compiler.fixed_point import (
    INT32_MAX,
    INT32_MIN,
    doubling_high_multiply,
    multiply_by_quantized_multiplier,
    quantize_multiplier,
    rounding_divide_by_power_of_two,
    zero_point_fits,
)

int32 = st.integers(INT32_MIN, INT32_MAX)
EDGES = (INT32_MIN, INT32_MIN + 1, -(2**30), -1, 0, 1, 2**30 - 1, 2**30, INT32_MAX - 1, INT32_MAX)


def round_half_up(value: Fraction) -> int:
    return math.floor(value + Fraction(1, 2))


def round_half_away(value: Fraction) -> int:
    return round_half_up(value) if value >= 0 else -round_half_up(-value)


@given(int32, int32)
def test_high_multiply_rounds_to_nearest_a_half_up(a: int, b: int) -> None:
    assert doubling_high_multiply(a, b) == min(round_half_up(Fraction(a * b, 2**31)), INT32_MAX)


def test_high_multiply_of_the_lowest_values_saturates() -> None:
    assert doubling_high_multiply(INT32_MIN, INT32_MIN) == INT32_MAX


@given(int32, st.integers(0, 31))
def test_right_shift_rounds_a_half_away_from_zero(x: int, exponent: int) -> None:
    assert rounding_divide_by_power_of_two(x, exponent) == round_half_away(Fraction(x, 2**exponent))


@pytest.mark.parametrize("exponent", [0, 1, 15, 30, 31])
@pytest.mark.parametrize("x", EDGES)
def test_right_shift_at_the_edges(x: int, exponent: int) -> None:
    assert rounding_divide_by_power_of_two(x, exponent) == round_half_away(Fraction(x, 2**exponent))


@given(st.integers(-(2**23), 2**23), st.integers(2**30, INT32_MAX), st.integers(-31, 7))
def test_a_multiplier_rounds_twice(x: int, multiplier: int, shift: int) -> None:
    high = round_half_up(Fraction((x << max(shift, 0)) * multiplier, 2**31))
    assert multiply_by_quantized_multiplier(x, multiplier, shift) == round_half_away(
        Fraction(high, 2 ** max(-shift, 0))
    )


def test_rounding_twice_differs_from_rounding_once() -> None:
    """-117.499 becomes -117.5 in the high multiply, and that -118."""
    assert multiply_by_quantized_multiplier(-88337, 1462485078, -9) == -118


@pytest.mark.parametrize(
    ("x", "shift", "expected"), [(2**30, 1, -(2**30)), (-(2**30), 2, 0), (3 * 2**29, 2, -(2**30)), (-1, 30, -(2**29))]
)
def test_a_left_shift_wraps_at_32_bits(x: int, shift: int, expected: int) -> None:
    assert multiply_by_quantized_multiplier(x, 2**30, shift) == expected


@given(st.floats(min_value=2.0**-31, max_value=2.0**31 - 1))
def test_a_quantized_multiplier_is_the_nearest(real: float) -> None:
    multiplier, shift = quantize_multiplier(real)
    assert 2**30 <= multiplier <= INT32_MAX
    assert abs(Fraction(multiplier) * Fraction(2) ** (shift - 31) - Fraction(real)) <= Fraction(2) ** (shift - 32)


CASES = {
    "one": (1.0, (2**30, 1)),
    "half": (0.5, (2**30, 0)),
    "rounds_up_to_the_next_power": (1 - 2**-40, (2**30, 1)),
    "zero": (0.0, (0, 0)),
    "smallest": (2.0**-32, (2**30, -31)),
    "too_small_to_matter": (2.0**-33, (0, 0)),
    "largest": (2.0**31 - 1, (INT32_MAX, 31)),
}


@pytest.mark.parametrize("name", CASES)
def test_quantize_multiplier(name: str) -> None:
    real, expected = CASES[name]
    assert quantize_multiplier(real) == expected


@pytest.mark.parametrize("real", [-1.0, 2.0**31, math.inf, math.nan])
def test_quantize_multiplier_refuses(real: float) -> None:
    with pytest.raises(ValueError, match=r"is outside \[0, 2\*\*31\)"):
        quantize_multiplier(real)


LARGE = 2**31 - 255
ROOM = {
    "any_x_with_a_smaller_multiplier": (INT32_MIN, INT32_MAX, 2**31 - 256, 7, True),
    "lowest": (INT32_MIN + 128, 0, LARGE, 0, True),
    "below_the_lowest": (INT32_MIN + 127, 0, LARGE, 0, False),
    "highest": (0, 2**31 - 257, LARGE, 0, True),
    "above_the_highest": (0, 2**31 - 256, LARGE, 0, False),
    "lowest_shifted": (-(2**30) + 64, 0, LARGE, 1, True),
    "below_the_lowest_shifted": (-(2**30) + 63, 0, LARGE, 1, False),
    "highest_shifted": (0, 2**30 - 129, LARGE, 1, True),
    "above_the_highest_shifted": (0, 2**30 - 128, LARGE, 1, False),
    "a_right_shift_does_not_count": (INT32_MIN + 128, 2**31 - 257, LARGE, -9, True),
    "below_the_lowest_right_shifted": (INT32_MIN + 127, 0, LARGE, -9, False),
    "above_the_highest_right_shifted": (0, 2**31 - 256, LARGE, -9, False),
}


@pytest.mark.parametrize("name", ROOM)
def test_room_for_the_zero_point(name: str) -> None:
    lowest, highest, multiplier, shift, expected = ROOM[name]
    assert zero_point_fits(lowest, highest, multiplier, shift) is expected


@given(int32, int32, st.integers(2**30, INT32_MAX) | st.integers(LARGE - 9, INT32_MAX), st.integers(-31, 7))
def test_a_zero_point_that_fits_stays_within_32_bits(a: int, b: int, multiplier: int, shift: int) -> None:
    if zero_point_fits(min(a, b), max(a, b), multiplier, shift):
        for x in (a, b):
            scaled = multiply_by_quantized_multiplier(x, multiplier, shift)
            assert scaled - 128 >= INT32_MIN
            assert scaled + 127 <= INT32_MAX
