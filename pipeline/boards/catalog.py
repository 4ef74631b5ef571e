"""Finds the boards: every file of this folder that defines BOARD."""

from __future__ import annotations

import difflib
import importlib
import pkgutil

from pipeline import boards
from pipeline.boards.board import Board
from pipeline.errors import UsageError

_NOT_BOARDS = {"board", "catalog", "espressif", "machines", "required_tools"}


def board_names() -> list[str]:
    """The names of all boards, in alphabetical order; imports none of them."""
    files = (name for _, name, _ in pkgutil.iter_modules(boards.__path__) if name not in _NOT_BOARDS)
    return sorted(name.replace("_", "-") for name in files)


def load_board(name: str) -> Board:
    """One board; UsageError names the nearest where there is none of that name."""
    known = board_names()
    if not name:
        raise UsageError(f"name a board: --board uno, or BOARD=uno for make. There are: {', '.join(known)}.")
    if name not in known:
        close = difflib.get_close_matches(name, known, n=1)
        hint = f"Did you mean '{close[0]}'?" if close else f"There are: {', '.join(known)}."
        raise UsageError(f"there is no board '{name}'. {hint}")
    board = importlib.import_module(f"pipeline.boards.{name.replace('-', '_')}").BOARD
    assert isinstance(board, Board)
    assert board.name == name, f"the file of board '{name}' names it '{board.name}'"
    return board
