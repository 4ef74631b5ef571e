"""Identifiers, literals, arrays and comments of C."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tinyml_pipeline.compiler.c_text import array_lines, comment, float_literal, identifier, int_literal, unique

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
    assert array_lines([1, -2, 3]) == ["1, -2, 3"]
    assert array_lines(list(range(-20, 0))) == [
        "-20, -19, -18, -17, -16, -15, -14, -13, -12, -11, -10,  -9,  -8,  -7,  -6,  -5,",
        " -4,  -3,  -2,  -1,",
    ]
