"""Nothing that a board, a tool or a file name says steers the terminal."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tinyml_pipeline.visible_text import LINES, VisibleStream, visible

SHOWN = {
    "plain": ("sum = 12 (11.8)", "sum = 12 (11.8)"),
    "letters": ("Größe °C 温度", "Größe °C 温度"),
    "colour": ("\x1b[31mred", r"\x1b[31mred"),
    "title": ("\x1b]0;owned\x07", r"\x1b]0;owned\x07"),
    "return": ("right\rwrong", r"right\rwrong"),
    "lines": ("one\ntwo", r"one\ntwo"),
    "eight_bit_escape": ("\x9b2J", r"\x9b2J"),
    "delete": ("a\x7f", r"a\x7f"),
    "reordered": ("a\u202etxt.exe", r"a\u202etxt.exe"),
    "invisible": ("a\u200bb", r"a\u200bb"),
    "not_utf_8": ("caf\udce9", r"caf\udce9"),
}


@pytest.mark.parametrize(("text", "shown"), SHOWN.values(), ids=SHOWN)
def test_what_steers_a_terminal_is_shown(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_lines_stay_where_they_are_wanted() -> None:
    assert visible("one\n\ttwo\x1b", LINES) == "one\n\ttwo\\x1b"


@settings(derandomize=True)
@given(st.text(st.characters(codec=None), max_size=60))
def test_what_is_shown_prints_and_has_one_line(text: str) -> None:
    shown = visible(text)
    assert shown.isprintable()
    shown.encode()


@settings(derandomize=True)
@given(st.binary(max_size=60), st.lists(st.integers(0, 60), max_size=5))
def test_a_stream_shows_the_same_however_it_is_cut(data: bytes, cuts: list[int]) -> None:
    ends = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    stream = VisibleStream()
    pieces = [stream.feed(data[start:end]) for start, end in itertools.pairwise(ends)]
    whole = "".join(pieces) + stream.feed(b"", final=True)
    assert whole == VisibleStream().feed(data, final=True)
    assert all(char.isprintable() or char in "\r\n\t" for char in whole)


def test_a_letter_that_is_cut_is_whole_again() -> None:
    stream = VisibleStream()
    assert stream.feed(b"21 \xc2") + stream.feed(b"\xb0C\r\n\x1b[2J\xff") == "21 °C\r\n\\x1b[2J\\xff"
