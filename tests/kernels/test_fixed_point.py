"""firmware/kernels/common/fixed_point.h against its Python twin, at the edges and on random numbers."""

from __future__ import annotations

import ctypes
from pathlib import Path

import numpy as np
import pytest
from tinyml_pipeline.compiler import fixed_point
from tinyml_pipeline.compiler.gemmlowp import one_over_one_plus

from tests.host import WARNINGS, compile_c

KERNELS = Path(__file__).parents[2] / "firmware" / "kernels"
SOURCE = """
#include "softmax/softmax_s8.h"
int32_t high(int32_t a, int32_t b);
int32_t divide(int32_t x, int exponent);
int32_t scale(int32_t x, int32_t multiplier, int shift);
int32_t inverse(int32_t x);
int32_t high(int32_t a, int32_t b) { return doubling_high_multiply(a, b); }
int32_t divide(int32_t x, int exponent) { return rounding_divide_by_power_of_two(x, (int_fast8_t)exponent); }
int32_t scale(int32_t x, int32_t m, int shift) { return multiply_by_quantized_multiplier(x, m, (int_fast8_t)shift); }
int32_t inverse(int32_t x) { return one_over_one_plus(x); }
"""
EDGES = (-(2**31), -(2**31) + 1, -(2**30) - 1, -(2**30), -1, 0, 1, 2**30 - 1, 2**30, 2**31 - 2, 2**31 - 1)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    folder = tmp_path_factory.mktemp("fixed_point")
    (folder / "twins.c").write_text(SOURCE)
    undefined = ["-O1", "-fsanitize=undefined", "-fsanitize-undefined-trap-on-error"]
    flags = ["-shared", "-fPIC", "-I", str(KERNELS), *WARNINGS, *undefined]
    return ctypes.CDLL(str(compile_c([folder / "twins.c"], folder / "twins.so", *flags)))


def numbers(seed: int) -> list[int]:
    rng = np.random.default_rng(seed)
    spread = rng.integers(0, 31, 200)
    return [*EDGES, *(int(rng.integers(-(1 << bits), (1 << bits) + 1)) for bits in spread)]


def test_high_multiply(library: ctypes.CDLL) -> None:
    for a in numbers(0):
        for b in numbers(1):
            if (a, b) != (-(2**31), -(2**31)):
                assert library.high(a, b) == fixed_point.doubling_high_multiply(a, b), (a, b)


def test_rounding_right_shift(library: ctypes.CDLL) -> None:
    for x in numbers(2):
        for exponent in range(32):
            expected = fixed_point.rounding_divide_by_power_of_two(x, exponent)
            assert library.divide(x, exponent) == expected, (x, exponent)


def test_multiplier_and_shift(library: ctypes.CDLL) -> None:
    multipliers = [2**30, 2**30 + 1, 1462485078, 2**31 - 2, 2**31 - 1, 0]
    for x in numbers(3):
        for multiplier in multipliers:
            for shift in (-31, -30, -9, -1, 0, 1, 7, 22, 30):
                if -(2**31) <= x << max(shift, 0) < 2**31:
                    expected = fixed_point.multiply_by_quantized_multiplier(x, multiplier, shift)
                    assert library.scale(x, multiplier, shift) == expected, (x, multiplier, shift)


def test_division_of_softmax(library: ctypes.CDLL) -> None:
    for x in (abs(number) for number in numbers(4) if abs(number) < 2**31):
        assert library.inverse(x) == one_over_one_plus(x), x
