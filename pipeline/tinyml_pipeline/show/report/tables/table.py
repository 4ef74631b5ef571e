"""One table, as wide as the terminal, and the sentences below it."""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from tinyml_pipeline.visible_text import LINES, visible

if TYPE_CHECKING:
    from tinyml_pipeline.workflow.memory_use import MemoryUse

_PLAIN_WIDTH = 160  # columns where the output is no terminal, so that a log keeps its lines whole
_LEAST_WIDTH = 20
_BROKEN_WIDTH = 16
_GAP = 2
_PASSED = {"pass", "yes", "equal"}
_FAILED = {"FAIL", "NO", "MISSING", "DIFFERENT"}


def print_table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """One table; nothing if there are no rows. A row with a failure is red, a pass is green, on a terminal.

    Words stay whole. If they leave no room for all columns, several tables follow each other, each with the first
    column; only a word that is wider than the terminal is broken.
    """
    filled = [[visible(text, LINES) for text in row] for row in rows]
    if not filled:
        return
    named = [visible(heading) for heading in headings]
    space = _terminal_width() or _PLAIN_WIDTH
    for columns in _groups([named, *filled], space):
        _print_columns([[line[index] for index in columns] for line in (named, *filled)], filled, space)


def _print_columns(lines: Sequence[Sequence[str]], whole_rows: Sequence[Sequence[str]], space: int) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    widths = _widths(lines, space)
    table = Table(
        box=box.SIMPLE_HEAD, header_style="bold", show_edge=False, padding=(0, _GAP - 1, 0, 0), pad_edge=False
    )
    for heading, width in zip(lines[0], widths, strict=True):
        table.add_column(heading, width=width, overflow="fold")  # never an ellipsis: a number that is cut is of no use
    for row, whole in zip(lines[1:], whole_rows, strict=True):
        cells = [Text(text, style="green" if text in _PASSED else "") for text in row]
        table.add_row(*cells, style="bold red" if _FAILED & set(whole) else None)
    total = sum(widths) + _GAP * (len(widths) - 1)
    print()
    Console(width=total, markup=False, highlight=False).print(table)
    print()


def tell(text: str) -> None:
    """A sentence, broken between words where a terminal shows it; whole in a log."""
    width = _terminal_width()
    text = visible(text, LINES)
    print(textwrap.fill(text, width, break_long_words=False, break_on_hyphens=False) if width else text)


def _terminal_width() -> int | None:
    """COLUMNS if it is set to a number above 0, else the terminal's; None if the output is not a terminal."""
    wanted = os.environ.get("COLUMNS", "")
    if (wanted.isdecimal() and int(wanted) > 0) or sys.stdout.isatty():
        return max(shutil.get_terminal_size().columns, _LEAST_WIDTH)
    return None


def _groups(lines: Sequence[Sequence[str]], space: int) -> list[list[int]]:
    """Which columns stand in which table, so that no word of them has to be broken."""
    least = [min(width, space) for width in _least_widths(lines)]
    groups = [[0]]
    for index in range(1, len(least)):
        group = [*groups[-1], index]
        if len(groups[-1]) > 1 and sum(least[one] + _GAP for one in group) - _GAP > space:
            group = [0, index]
            groups.append(group)
        groups[-1] = group
    return groups


def _least_widths(lines: Sequence[Sequence[str]]) -> list[int]:
    """Of each column, its longest word."""
    return [
        max((len(word) for text in column for word in text.split()), default=0) for column in zip(*lines, strict=True)
    ]


def _widths(lines: Sequence[Sequence[str]], space: int) -> list[int]:
    """Of each column: what its longest text needs; if that is too much, the widest give way, down to a word.

    If that does not do either, down to _BROKEN_WIDTH: then a word is broken.
    """
    widths = [max(1, *map(len, column)) for column in zip(*lines, strict=True)]
    for least in (_least_widths(lines), [_BROKEN_WIDTH] * len(widths)):
        while sum(widths) + _GAP * (len(widths) - 1) > space:
            able = [index for index, width in enumerate(widths) if width > least[index]]
            if not able:
                break
            widths[max(able, key=lambda index: widths[index])] -= 1
    return widths


def memory_words(memory: MemoryUse) -> str:
    """One sentence on each of its figures."""
    arena = "" if memory.arena_bytes is None else f" TFLM needs an arena of {memory.arena_bytes:,} bytes."
    return (
        f"memory: a buffer of {memory.buffer_bytes:,} bytes between layers; at most {memory.live_bytes:,} are live at"
        f" once.{arena}"
    )
