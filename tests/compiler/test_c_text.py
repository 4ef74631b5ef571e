"""Identifiers, literals, arrays and comments of C."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tinyml_pipeline.compiler.c_arrays import array_lines
from tinyml_pipeline.compiler.c_text import comment, float_literal, identifier, int_literal, unique

NAMES = {
    "dense_1": "dense_1",
    "Dense 1": "dense_1",
    "serving/default:0": "serving_default_0",
    "int": "in_int",
    "class": "in_class",
    "2nd": "in_2nd",
    "": "in",
    "ä/☃": "in",
    "__x__": "x",
    "x" * 80: "x" * 48,
}


@pytest.mark.parametrize("name", NAMES)
def test_identifier(name: str) -> None:
    assert identifier(name, "in") == NAMES[name]


@given(st.text())
def test_every_name_becomes_an_identifier(name: str) -> None:
    assert identifier(name, "in").isidentifier()
    assert identifier(name, "in").isascii()


def test_names_are_made_unique() -> None:
    taken: set[str] = set()
    assert [unique("x", taken) for _ in range(3)] == ["x", "x_2", "x_3"]


@given(st.text())
def test_no_name_ends_a_comment_early(text: str) -> None:
    line = comment(text)
    assert line.count("*/") == 1
    assert line.count("/*") == 1
    assert line.isascii()
    assert "\n" not in line


@given(st.floats(width=32, allow_nan=False, allow_infinity=False, min_value=0, exclude_min=True))
def test_a_float_literal_reads_back_exactly(value: float) -> None:
    text = float_literal(value)
    assert text.endswith("f")
    assert "." in text
    assert np.float32(text[:-1]) == np.float32(value)


def test_the_lowest_int32_has_no_literal() -> None:
    assert int_literal(-(2**31)) == "(-2147483647 - 1)"
    assert int_literal(-5) == "-5"


def test_short_arrays_take_one_line_and_long_ones_columns() -> None:
    assert list(array_lines([1, -2, 3])) == ["1, -2, 3"]
    assert list(array_lines(list(range(-20, 0)))) == [
        "-20, -19, -18, -17, -16, -15, -14, -13, -12, -11, -10,  -9,  -8,  -7,  -6,  -5,",
        " -4,  -3,  -2,  -1,",
    ]


LONG = {
    "int8": (np.resize(np.arange(-128, 128), 70_001).astype(np.int8), False),
    "int16": (np.resize(np.arange(-32768, 32768, 7), 70_001).astype(np.int16), False),
    "int32": (np.resize(np.array([-(2**31), 2**31 - 1, 0, -7]), 140_000).astype(np.int32), False),
    "uint32": (np.resize(np.array([0, 1, 0xFFFFFFFF, 0x00C0FFEE]), 70_001).astype(np.uint32), True),
}


@pytest.mark.parametrize("name", LONG)
def test_long_arrays_hold_the_same_numbers(name: str) -> None:
    values, packed = LONG[name]
    lines = "\n".join(array_lines(values, packed=packed)).split("\n")
    assert max(map(len, lines)) <= 96
    assert all(line.endswith(",") and " " not in line.replace("(-2147483647 - 1)", "") for line in lines)
    words = "".join(lines).removesuffix(",").replace("(-2147483647 - 1)", "-2147483648").split(",")
    assert [int(word.removesuffix("u"), 0) for word in words] == values.tolist()
