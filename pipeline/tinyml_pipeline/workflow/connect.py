"""Model + board -> an open device: a board's serial port, or an emulator that was started with the model's firmware."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from tinyml_pipeline.boards.board import Board, RuntimeName
from tinyml_pipeline.boards.catalog import stand_in
from tinyml_pipeline.errors import ArtifactsError, UsageError
from tinyml_pipeline.host.device.device import Device
from tinyml_pipeline.host.device.emulators import emulate
from tinyml_pipeline.host.device.ports import find_port
from tinyml_pipeline.host.device.serial_port import SerialDevice
from tinyml_pipeline.places import cache_dir
from tinyml_pipeline.runtimes.c_names import c_identifier
from tinyml_pipeline.workflow.build import build_one
from tinyml_pipeline.workflow.opened import OpenModel

_LOGS = "logs"


@contextlib.contextmanager
def connect(
    opened: OpenModel | None,
    artifacts: Path,
    board: Board,
    port: str | None,
    runtime: RuntimeName = "aot",
    *,
    elf: Path | None = None,
    instead: str = "",
) -> Iterator[Device]:
    """The device, open; what was started is gone when the block ends. Its log stays in artifacts/logs/.

    `port` None means: start the emulator of an emulated board with what `tinyml build` makes of the model, find the
    port of a real one. Only an emulated board needs a model, or the `elf` of another firmware. `instead` is the board
    for who has none, if not the emulated one that is most like it.
    Raises DeviceError, UsageError, and what building a firmware raises.
    """
    log = artifacts / _LOGS / f"{c_identifier(opened.name) if opened else 'monitor'}-{board.name}.log"
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        log.unlink(missing_ok=True)
        log.touch()
    except OSError as error:
        raise ArtifactsError(
            f"{log} cannot be written ({error.strerror}). Make that possible, or give another folder with --artifacts."
        ) from None
    if not is_emulated(board):
        found = find_port(board.name, port, stand_in=instead or stand_in(board))
        with SerialDevice(board.name, found, log) as device:
            yield device
    else:
        if elf is None:
            assert opened is not None, "the commands ask for a model of an emulated board"
            elf = build_one(opened, board, runtime).elf
        with emulate(board, elf, log=log, cache_dir=cache_dir("simavr")) as device:
            yield device


def refuse_port_of_emulated(board: Board, port: str | None) -> None:
    if port is not None and is_emulated(board):
        raise UsageError(f"{board.name} is emulated and has no port: leave --port out.")


def is_emulated(board: Board) -> bool:
    """Whether this computer itself can play the board."""
    return board.emulator is not None or board.name == "host"
