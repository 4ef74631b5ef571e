"""`tinyml boards`: what a model can run on."""

from __future__ import annotations

from dataclasses import dataclass

from tinyml_pipeline.boards.board import Board
from tinyml_pipeline.boards.catalog import board_names, load_board
from tinyml_pipeline.host.device.ports import list_ports


@dataclass(frozen=True)
class BoardRow:
    """One board as the table shows it; bytes are those that a firmware can have."""

    name: str
    display: str
    core: str
    clock_hz: int
    flash_bytes: int
    ram_bytes: int
    runtimes: tuple[str, ...]
    tflm_library: str | None
    arduino: str | None
    platformio: str | None
    flashed_by: str
    source: str


@dataclass(frozen=True)
class PortRow:
    """A serial port of this computer, and what its USB device says of itself."""

    name: str
    description: str
    is_usb: bool


def list_serial_ports() -> list[PortRow]:
    """Every one, whether a board is behind it or not."""
    return [PortRow(port.name, port.description, port.is_usb) for port in list_ports()]


def list_boards() -> list[BoardRow]:
    """Every board but this computer, real ones first."""
    boards = [load_board(name) for name in board_names() if name != "host"]
    return [_row(board) for board in sorted(boards, key=lambda board: board.emulator is not None)]


def _row(board: Board) -> BoardRow:
    platformio = board.platformio
    return BoardRow(
        board.name,
        board.display,
        board.core,
        board.clock_hz,
        board.usable_flash_bytes,
        board.ram_bytes,
        board.runtimes,
        board.tflm_library,
        board.arduino.fqbn if board.arduino else None,
        platformio.board if platformio else None,
        board.flashing.tools[0] if board.flashing else "emulator",
        board.source,
    )
