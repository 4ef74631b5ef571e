"""Which outside programs the boards need, with the Debian package of each."""

from __future__ import annotations

from collections.abc import Iterable

from pipeline.boards.board import Board, QemuMachine, SimavrMachine, Tool
from pipeline.boards.catalog import board_names, load_board


def required_tools(boards: Iterable[Board] | None = None) -> list[Tool]:
    """The programs that some boards (all, where none are given) need to build and to run, each once.

    A package without a program of its own (headers) has the program '' and is to be looked for by apt alone.
    """
    if boards is None:
        boards = [load_board(name) for name in board_names()]
    tools = {tool: None for board in boards for tool in _tools_of(board)}
    return list(tools)


def _tools_of(board: Board) -> list[Tool]:
    toolchain, emulator = board.toolchain, board.emulator
    tools = [Tool(f"{toolchain.prefix}gcc", toolchain.package, f"build for {board.core}")]
    if toolchain.headers_package is not None:
        tools.append(Tool("", toolchain.headers_package, f"build for {board.core}"))
    if isinstance(emulator, QemuMachine):
        tools.append(Tool(emulator.program, emulator.package, f"run firmware for {board.core}"))
    if isinstance(emulator, SimavrMachine):
        tools.append(Tool("gcc", "gcc", f"build the bridge that runs firmware for {board.core}"))
        tools.append(Tool("", emulator.package, f"run firmware for {board.core}"))
    return tools
