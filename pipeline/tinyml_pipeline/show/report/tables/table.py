"""One table, as wide as the terminal, and the sentences below it."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Iterable, Sequence

from tinyml_pipeline.visible_text import LINES, visible

_PLAIN_WIDTH = 160  # columns where the output is no terminal, so that a log keeps its lines whole
_GAP = 2


def print_table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """One table; nothing where there are no rows. Words stay whole, also where the terminal is too narrow for them."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    filled = [[visible(text, LINES) for text in row] for row in rows]
    if not filled:
        return
    widths = _widths([headings, *filled], _terminal_width() or _PLAIN_WIDTH)
    table = Table(
        box=box.SIMPLE_HEAD, header_style="bold", show_edge=False, padding=(0, _GAP - 1, 0, 0), pad_edge=False
    )
    for heading, width in zip(headings, widths, strict=True):
        table.add_column(heading, width=width, overflow="fold")  # never an ellipsis: a number that is cut is of no use
    for row in filled:
        table.add_row(*row)
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
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def _widths(lines: Sequence[Sequence[str]], space: int) -> list[int]:
    """Of each column: what its longest text needs; where that is too much, the widest give way, down to a word."""
    columns = list(zip(*lines, strict=True))
    widths = [max(map(len, column)) for column in columns]
    least = [max((len(word) for text in column for word in text.split()), default=0) for column in columns]
    while sum(widths) + _GAP * (len(widths) - 1) > space:
        able = [index for index, width in enumerate(widths) if width > least[index]]
        if not able:
            break
        widths[max(able, key=lambda index: widths[index])] -= 1
    return widths
