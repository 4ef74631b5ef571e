"""Finds the boards: every file of this folder that defines BOARD."""

from __future__ import annotations

import importlib

from tinyml_pipeline import boards
from tinyml_pipeline.boards.board import Board
from tinyml_pipeline.errors import UsageError
from tinyml_pipeline.names import hint, module_names

_NOT_BOARDS = {"board", "catalog", "espressif", "machines", "required_tools"}


def board_names() -> list[str]:
    """The names of all boards, in alphabetical order; imports none of them."""
    return [name.replace("_", "-") for name in module_names(boards.__path__, _NOT_BOARDS)]


def load_board(name: str) -> Board:
    """One board; UsageError names the nearest where there is none of that name."""
    known = board_names()
    if not name:
        raise UsageError(f"name a board: --board uno, or BOARD=uno for make. There are: {', '.join(known)}.")
    if name not in known:
        raise UsageError(f"there is no board '{name}'. {hint(name, known)}")
    board = importlib.import_module(f"tinyml_pipeline.boards.{name.replace('-', '_')}").BOARD
    assert isinstance(board, Board)
    assert board.name == name, f"the file of board '{name}' names it '{board.name}'"
    return board


def stand_in(board: Board) -> str:
    """The emulated board that is most like a real one: of its core, else of its family, else this computer."""
    emulated = [found for found in map(load_board, board_names()) if found.emulator is not None]
    alike = [found for found in emulated if board.core.startswith(found.core)]  # a Cortex-M33 begins as a Cortex-M3
    alike.sort(key=lambda found: len(found.core), reverse=True)
    alike += [found for found in emulated if found.compiler_target == board.compiler_target == "avr"]
    return alike[0].name if alike else "host"
