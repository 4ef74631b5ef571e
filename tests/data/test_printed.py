"""What boards print, in whatever pieces it comes: rows, and everything that is none."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from tinyml_pipeline.data.printed import PrintedRows


def rows_of(
    text: bytes, names: Sequence[str] = (), *, is_cut: bool = False, piece: int = 7
) -> tuple[PrintedRows, list]:
    printed = PrintedRows(names, is_cut=is_cut)
    rows: list[tuple[float, list[str]]] = []
    for start in range(0, len(text), piece):
        rows += printed.feed(text[start : start + piece], float(start))
    rows += printed.finish()
    return printed, [values for _, values in rows]


TAKEN = {
    "commas": b"1,-2.5\r\n3e-2,+4\r\n",
    "tabs": b"1\t-2.5\n3e-2\t+4\n",
    "blanks": b"  1   -2.5 \n3e-2 +4\n",
    "semicolons_and_blanks": b"1; -2.5;\n3e-2; +4;\n",
    "empty_lines": b"\n\r\n1,-2.5\n\n\n3e-2,+4\n",
    "words_before_and_between": b"Booting v1.2\n1,-2.5\nERROR: 7\n\x00\xff\xfe\n3e-2,+4\nBye\n",
    "other_counts": b"1,-2.5\n9\n3e-2,+4\n1,2,3\n",
    "no_end": b"1,-2.5\n3e-2,+4\n5,6",
}


@pytest.mark.parametrize("case", TAKEN)
@pytest.mark.parametrize("piece", [1, 3, 1000])
def test_rows_are_found(case: str, piece: int) -> None:
    printed, rows = rows_of(TAKEN[case], piece=piece)
    assert rows == [["1", "-2.5"], ["3e-2", "+4"]]
    assert printed.names == ["value_1", "value_2"]


def test_names_are_what_was_given_or_printed() -> None:
    assert rows_of(b"1\n2\n")[0].names == ["value"]
    printed, rows = rows_of(b"Ready\nax,ay\n1,2\nax,ay\n3,4\n")
    assert (printed.names, rows, printed.rubbish) == (["ax", "ay"], [["1", "2"], ["3", "4"]], 0)
    printed, rows = rows_of(b"ax,ay\n1,2\n1,2,3\n", ["p", "q"])
    assert (printed.names, rows, printed.rubbish) == (["p", "q"], [["1", "2"]], 2)
    assert rows_of(b"Sensor ready\n1 2\n3 4\n")[0].names == ["value_1", "value_2"]
    assert rows_of(b"one,two,three\n1,2\n3,4\n")[0].names == ["value_1", "value_2"]


def test_what_most_lines_have_counts() -> None:
    printed, rows = rows_of(b"42\n1,2\n3,4\n5,6\n7,8\n9,10\n11\n")
    assert rows == [["1", "2"], ["3", "4"], ["5", "6"], ["7", "8"], ["9", "10"]]
    assert (printed.rubbish, printed.example) == (2, "11")


def test_readings_that_are_not_there_are_missing_values() -> None:
    assert rows_of(b"1,nan\nNAN,2\ninf,-INF\n ovf,1\n")[1] == [["1", ""], ["", "2"], ["", ""], ["", "1"]]


@pytest.mark.parametrize("text", [b"1.5", b"0x10,1", b"1_0,2", b"1,,2", b"1,2 g", b"--1,2", b"1.2.3,4", b"\xd9\xa1,2"])
def test_what_only_looks_like_a_row(text: bytes) -> None:
    printed, rows = rows_of(b"1,2\n" * 5 + text + b"\n")
    assert (len(rows), printed.rubbish) == (5, 1)


def test_a_first_line_that_may_be_cut_is_skipped() -> None:
    assert rows_of(b"2.5,1\n2,2\n3,3\n", is_cut=True)[1] == [["2", "2"], ["3", "3"]]
    assert rows_of(b"\r\nax,ay\r\n2,2\r\n", is_cut=True)[0].names == ["ax", "ay"]


def test_endless_lines_take_no_memory() -> None:
    printed = PrintedRows()
    for _ in range(1000):
        assert not list(printed.feed(b"1" * 1000, 0.0))
    assert len(printed._rest) < 6000
    assert not list(printed.feed(b"\n", 0.0))
    assert printed.rubbish == 1


def test_each_row_has_the_time_at_which_it_was_whole() -> None:
    printed = PrintedRows(["a"])
    assert list(printed.feed(b"1\n2", 0.5)) == [(0.5, ["1"])]
    assert list(printed.feed(b"3\n4\n", 0.7)) == [(0.7, ["23"]), (0.7, ["4"])]


def test_noise_between_ten_thousand_lines() -> None:
    noise = random.Random(1)
    text, expected = [], []
    for index in range(10_000):
        row = [f"{noise.gauss(0, 10):.3f}" for _ in range(3)]
        expected.append(row)
        text.append(",".join(row).encode() + b"\r\n")
        if index % 7 == 6:
            length = noise.randrange(1, 40)
            text.append(bytes(b for b in noise.randbytes(length) if b not in b"\r\n") + b"!\n")
    assert rows_of(b"".join(text), piece=333)[1] == expected
