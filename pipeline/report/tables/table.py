"""One table, as wide as the terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

_PLAIN_WIDTH = 160  # columns where the output is no terminal, so that a log keeps its lines whole


def print_table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """One table; nothing where there are no rows."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    filled = list(rows)
    if not filled:
        return
    table = Table(*headings, box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False)
    for row in filled:
        table.add_row(*row)
    for column in table.columns:
        column.overflow = "fold"  # never an ellipsis: a path or a number that is cut is of no use
    wide = None if sys.stdout.isatty() else _PLAIN_WIDTH
    Console(width=wide, markup=False, highlight=False).print(table)
