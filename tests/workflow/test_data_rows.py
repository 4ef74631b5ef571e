"""Rows for `tinyml predict` from CSV text and .npy arrays: what is taken, and one line for whatever is not."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tinyml_pipeline.errors import UsageError
from tinyml_pipeline.workflow.data_rows import read_rows

USAGE = "m takes 2 numbers (a, b) per row."
PAIRS = [[1.0, 2.0], [3.5, -4.0]]


def npy(array: Any, **options: Any) -> bytes:
    file = io.BytesIO()
    np.save(file, array, **options)
    return file.getvalue()


def rows_of(tmp_path: Path, content: bytes, names: tuple[str, ...] = ("a", "b")) -> list[list[float]]:
    path = tmp_path / "rows"
    path.write_bytes(content)
    found: list[list[float]] = read_rows(str(path), names, USAGE).tolist()
    return found


TAKEN = {
    "csv": b"1,2\n3.5,-4\n",
    "header": b"x,y\n1,2\n3.5,-4\n",
    "header_in_another_order_with_more_columns": b"b,target,a\n2,9,1\n-4,9,3.5\n",
    "quoted_header": b'"a","b"\n1,2\n3.5,-4\n',
    "semicolons_and_blank_lines": b"\n1;2\n\n3.5; -4\n\n",
    "tabs": b"1\t2\n3.5\t-4",
    "blanks": b"1 2\n3.5   -4\n",
    "windows": b"\xef\xbb\xbfa,b\r\n1,2\r\n3.5,-4\r\n",
    "array": npy(np.array(PAIRS)),
    "array_of_float32": npy(np.array(PAIRS, np.float32)),
    "array_in_fortran_order": npy(np.array(PAIRS, order="F")),
    "array_of_the_input_shape": npy(np.array(PAIRS).reshape(2, 1, 2, 1)),
}


@pytest.mark.parametrize("case", TAKEN)
def test_it_is_read(case: str, tmp_path: Path) -> None:
    assert rows_of(tmp_path, TAKEN[case]) == PAIRS


def test_an_array_of_one_dimension(tmp_path: Path) -> None:
    assert rows_of(tmp_path, npy(np.arange(3)), ("x",)) == [[0.0], [1.0], [2.0]]
    assert rows_of(tmp_path, npy(np.arange(2))) == [[0.0, 1.0]]


NAN = np.nan
BY_NAME = {
    "names": (b"b,target,a\n2,x,1\n", [[1, 2]]),
    "no_header": (b"1,2\n", [[1, 2]]),
    "decimal_commas_without_header": (b"1,5;2\n3,5;-4\n", [[1.5, 2], [3.5, -4]]),
    "decimal_commas_and_tabs": (b"a\tb\n1,5\t2\n", [[1.5, 2]]),
    "separator_for_excel": (b"sep=;\r\na;b\r\n1,5;2\r\n", [[1.5, 2]]),
    "missing_values": (b"a,b\n1,\nNA,2\n?,-\n", [[1, NAN], [NAN, 2], [NAN, NAN]]),
}


@pytest.mark.parametrize("case", BY_NAME)
def test_measurements_are_read_by_name(case: str, tmp_path: Path) -> None:
    content, expected = BY_NAME[case]
    (tmp_path / "rows").write_bytes(content)
    found = read_rows(str(tmp_path / "rows"), ("a", "b"), USAGE, by_name=True)
    np.testing.assert_array_equal(found, expected)


def test_a_header_that_does_not_name_every_value_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "rows"
    for header, way_out in {
        "light,humidty": "Did you mean 'humidty'?",
        "light;humidty": "Did you mean 'humidty'?",
        "light,x": "Without a header row, values are read by position.",
    }.items():
        path.write_text(f"{header}\n{header.replace('light', '1').replace('humidty', '2').replace('x', '2')}\n")
        with pytest.raises(UsageError) as caught:
            read_rows(str(path), ("humidity", "light"), USAGE, by_name=True)
        assert str(caught.value) == f"{path} has no column 'humidity'. {way_out}"


REFUSED = {
    "too_few": (b"1,2\n3\n", f"PATH, line 2: 1 number given; {USAGE}"),
    "too_many": (b"a,c\n1,2,3\n", f"PATH, line 2: 3 numbers given; {USAGE}"),
    "ragged_below_names": (b"b,a,c\n1,2\n", "PATH, line 2: 2 values, but the header row names 3 columns."),
    "a_word": (b"1,2\n3,four\n", f"PATH, line 2: 'four' is not a number; {USAGE}"),
    "a_blank_cell": (b"1,2\n3,\n", f"PATH, line 2: '' is not a number; {USAGE}"),
    "decimal_comma": (
        b"1,5;2\n",
        f"PATH, line 1: '1,5' is not a number (a point for decimals, blanks between numbers); {USAGE}",
    ),
    "nan": (b"1,2\n\nnan,1\n", f"PATH, line 3: 'nan' is not a finite number; {USAGE}"),
    "beyond_float32": (b"1,1e39\n", f"PATH, line 1: '1e39' is beyond what a 32-bit float holds; {USAGE}"),
    "control_characters": (b"1,2\n3,\x1b[31m\n", f"PATH, line 2: '\\x1b[31m' is not a number; {USAGE}"),
    "empty": (b"", f"PATH has no row of numbers; {USAGE}"),
    "only_a_header": (b"a,b\n", f"PATH has no row of numbers; {USAGE}"),
    "binary": (b"\x89PNG\r\n\x1a\n\0\0", "PATH is neither CSV text in UTF-8 nor a .npy array."),
    "zeros": (b"1,2\0\n", "PATH is neither CSV text in UTF-8 nor a .npy array."),
    "npz": (
        b"PK\x03\x04rest",
        "PATH is an archive, such as .npz or .xlsx; save one array as .npy, or the table as CSV.",
    ),
    "array_of_other_width": (npy(np.zeros((4, 3))), f"PATH: 3 numbers per row given; {USAGE}"),
    "array_of_words": (npy(np.array(["a", "b"])), "PATH holds <U1, not real numbers."),
    "array_of_complex": (npy(np.zeros(2, complex)), "PATH holds complex128, not real numbers."),
    "empty_array": (npy(np.zeros((0, 2))), f"PATH has no row of numbers; {USAGE}"),
    "array_beyond_float32": (
        npy(np.array([[1, 2], [3, 1e39]])),
        f"PATH, row 2: '1e+39' is beyond what a 32-bit float holds; {USAGE}",
    ),
    "array_with_infinity": (
        npy(np.array([[1, 2], [3, np.inf]])),
        f"PATH, row 2: 'inf' is not a finite number; {USAGE}",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_it_is_refused_in_one_line(case: str, tmp_path: Path) -> None:
    content, message = REFUSED[case]
    with pytest.raises(UsageError) as caught:
        rows_of(tmp_path, content)
    assert str(caught.value) == message.replace("PATH", str(tmp_path / "rows"))


@pytest.mark.parametrize(
    "content",
    [npy(np.array([{}]), allow_pickle=True), npy(np.zeros(9))[:-3], b"\x93NUMPY\x01", b"1,2\n3," + b"4" * 200000],
)
def test_damage_is_one_line(content: bytes, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        rows_of(tmp_path, content)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"^.*/none cannot be read \(No such file or directory\)\.$"):
        read_rows(str(tmp_path / "none"), ("a",), USAGE)
