"""Files of measurements: what is read, and one line for whatever is not."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import polars
import pytest
from tinyml_pipeline.data.reading import read_table
from tinyml_pipeline.errors import UsageError

A, B = [1.5, 2.5, -3.0], [10.0, 20.0, 30.0]


def written(tmp_path: Path, content: bytes, name: str = "t.csv") -> Path:
    (tmp_path / name).write_bytes(content)
    return tmp_path / name


TAKEN = {
    "commas": b"a,b\n1.5,10\n2.5,20\n-3,30\n",
    "byte_order_mark_and_windows_lines": b"\xef\xbb\xbfa,b\r\n1.5,10\r\n2.5,20\r\n-3,30\r\n",
    "decimal_commas": b"a;b\n1,5;10\n2,5;20\n-3,0;30\n",
    "tabs_and_blanks": b"a\tb\n 1.5 \t10\n2.5\t 20\n-3\t30\n",
    "quotes": b'"a","b"\n"1.5","10"\n"2.5","20"\n"-3","30"\n',
    "separator_for_excel": b"sep=;\r\na;b\r\n1,5;10\r\n2,5;20\r\n-3,0;30\r\n",
    "empty_lines_before": b"\n\na,b\n1.5,10\n2.5,20\n-3,30\n",
}


@pytest.mark.parametrize("case", TAKEN)
def test_it_is_read(case: str, tmp_path: Path) -> None:
    table = read_table(written(tmp_path, TAKEN[case]))
    assert {name: column.numbers.tolist() for name, column in table.columns.items()} == {"a": A, "b": B}


def test_a_file_without_header_gets_names(tmp_path: Path) -> None:
    table = read_table(written(tmp_path, b"1.5,10\n2.5,20\n-3,30\n"))
    assert {name: column.numbers.tolist() for name, column in table.columns.items()} == {"column_1": A, "column_2": B}


def test_parquet_and_npz_give_the_same(tmp_path: Path) -> None:
    polars.DataFrame({"a": A, "b": [10, 20, 30]}).write_parquet(tmp_path / "t.parquet")
    np.savez(tmp_path / "t.npz", a=np.array(A), b=np.array(B, np.float32))
    for name in ("t.parquet", "t.npz"):
        table = read_table(tmp_path / name)
        assert {name: column.numbers.tolist() for name, column in table.columns.items()} == {"a": A, "b": B}
        assert table.place(1).endswith("row 2")


def test_an_array_of_rows_gives_a_column_each(tmp_path: Path) -> None:
    np.savez(tmp_path / "t.npz", x=np.arange(6).reshape(3, 2), y=np.array(["no", "yes", "no"]))
    table = read_table(tmp_path / "t.npz")
    assert list(table.columns) == ["x_0", "x_1", "y"]
    assert table.columns["y"].labels() == ["no", "yes", "no"]


def test_missing_values_text_dates_and_odd_words(tmp_path: Path) -> None:
    rows = [f"{i}.5,,kind {i % 2},2025-01-{i % 28 + 1:02}" for i in range(40)]
    rows[3], rows[4] = "ERR,NaN,,2025-01-04", "inf,7,kind 0,2025-01-05"
    columns = read_table(written(tmp_path, ("a,b,c,d\n" + "\n".join(rows)).encode())).columns
    assert [column.kind for column in columns.values()] == ["number", "number", "text", "date"]
    assert np.flatnonzero(columns["a"].missing).tolist() == [3, 4]
    assert columns["a"].odd == "ERR"
    assert np.flatnonzero(~columns["b"].missing).tolist() == [4]
    assert np.flatnonzero(columns["c"].missing).tolist() == [3]


def test_whole_numbers_as_classes(tmp_path: Path) -> None:
    assert read_table(written(tmp_path, b"a,b\n1.0,x\n2,y\n,z\n")).columns["a"].labels() == ["1", "2", ""]


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    path = written(tmp_path, b"a,b\n1,2\n")
    assert read_table(path) is read_table(path)
    written(tmp_path, b"a,b\n3,4\n5,6\n")
    assert read_table(path).columns["a"].numbers.tolist() == [3, 5]


REFUSED = {
    "empty": (b"", "PATH is empty."),
    "only_names": (b"a,b\n", "PATH has a header row and no data."),
    "one_column": (b"a\n1\n2\n", "PATH has one column; supported separators are commas, semicolons and tabs."),
    "two_of_one_name": (b"a,b,a\n1,2,3\n", "PATH has two columns named 'a'; rename one."),
    "short_row": (b"a,b,c\n1,2,3\n1,2\n", "PATH, line 3: 2 values, but the first row has 3."),
    "decimal_commas_between_commas": (
        b"a,b\n1,5,10\n",
        "PATH, line 2: 3 values, but the first row has 2; are its decimals commas? Then put semicolons between the"
        " values.",
    ),
    "one_value_too_many": (b"a,b\n1.5,5,10\n", "PATH, line 2: 3 values, but the first row has 2."),
    "comma_at_the_end": (
        b"a,b\n1,5,\n",
        "PATH, line 2: 3 values, but the first row has 2; nothing follows the last separator: remove it.",
    ),
    "comment": (
        b"a,b\n1,5\n# dry\n",
        "PATH, line 3: 1 value, but the first row has 2; this one is a comment: remove it.",
    ),
    "comment_at_the_start": (
        b"# of May\na,b\n1,5\n",
        "PATH, line 2: 2 values, but the first row has 1; the first row is a comment: remove it.",
    ),
    "mixed_separators": (
        b"a,b,c\n1,2,3\n4;5;6\n",
        "PATH, line 3: 1 value, but the first row has 3; other rows have commas between values, and this one"
        " semicolons.",
    ),
    "latin_1": (
        b"a,b\n1,caf\xe9\n", "PATH is not text in UTF-8 (byte 0xe9); save it as 'CSV UTF-8'."),
    "binary": (b"\x7fELF\0\0", "PATH is not a table: supported are CSV text in UTF-8, Parquet and .npz."),
    "npy": (b"\x93NUMPY\x01\0", "PATH is a .npy array, whose columns have no names; save it as CSV or .npz."),
    "spreadsheet": (
        b"PK\x03\x04rest",
        "PATH is not a readable .npz file (File is not a zip file); of a spreadsheet, save a CSV.",
    ),
    "parquet_cut": (b"PAR1rest", "PATH is not a readable Parquet file ("),
    "too_many_columns": (b",".join([b"x%d" % i for i in range(5000)]), "PATH has 5,000 columns; supported: 4,096."),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_it_is_refused_in_one_line(case: str, tmp_path: Path) -> None:
    content, message = REFUSED[case]
    path = written(tmp_path, content)
    with pytest.raises(UsageError) as caught:
        read_table(path)
    said = str(caught.value)
    assert said.startswith(message.replace("PATH", str(path)))
    assert "\n" not in said


def test_two_gigabytes_are_refused_with_the_size(tmp_path: Path) -> None:
    path = written(tmp_path, b"a,b\n1,2\n")
    os.truncate(path, 2 << 30)
    with pytest.raises(UsageError, match=r"has 2,147,483,648 bytes; supported: 536,870,912\. Take a part of it"):
        read_table(path)


def test_arrays_that_are_no_table(tmp_path: Path) -> None:
    cases = {
        "is float64 of shape (4, 50, 3); supported: numbers or text": {"x": np.zeros((4, 50, 3)), "y": np.zeros(4)},
        "arrays of one length, of which each row is a sample; found: x 4, y 5": {"x": np.zeros(4), "y": np.zeros(5)},
        "Object arrays cannot be loaded": {"x": np.array([{}, 1], object)},
        "found: nothing": {},
    }
    for message, arrays in cases.items():
        np.savez(tmp_path / "t.npz", **arrays)  # type: ignore[arg-type]
        os.utime(tmp_path / "t.npz", ns=(0, hash(message) % 10**9))  # another file, whatever the clock's resolution
        with pytest.raises(UsageError) as caught:
            read_table(tmp_path / "t.npz")
        assert message in str(caught.value)
