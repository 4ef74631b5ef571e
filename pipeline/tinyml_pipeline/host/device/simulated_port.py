"""An AVR board in simavr behind a pseudo-terminal: other programs open it as they open a board's serial port."""

from __future__ import annotations

import contextlib
import os
import select
from collections.abc import Iterator
from pathlib import Path

from tinyml_pipeline import tools
from tinyml_pipeline.boards.board import Board, SimavrMachine
from tinyml_pipeline.errors import DeviceError
from tinyml_pipeline.host.device.emulators import build_simavr_bridge

_UP_WITHIN_S = 10.0


@contextlib.contextmanager
def simulated_port(
    board: Board, elf: Path | None, *, log: Path, cache_dir: Path, boot_loader: Path | None = None
) -> Iterator[str]:
    """The name of the port, for as long as the block runs. To open it resets the chip, as on an Arduino.

    With `boot_loader` (Intel's hex format) the chip starts in that; `elf` None leaves its flash empty. Raises
    ToolMissingError without libsimavr, DeviceError where the board is no AVR in simavr or the simulator does not start.
    """
    if not isinstance(board.emulator, SimavrMachine):
        raise DeviceError(f"{board.name} is not played by simavr; only such a board can stand behind a serial port.")
    bridge = build_simavr_bridge(cache_dir)
    loader: list[str | Path] = ["-b", boot_loader] if boot_loader is not None else []
    command: list[str | Path] = [bridge, "-p", *loader, board.emulator.mcu, str(board.clock_hz), elf or "-"]
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as words, tools.start(command, stderr=words.fileno()) as process:
        assert process.stdout is not None
        ready, _, _ = select.select([process.stdout], [], [], _UP_WITHIN_S)
        port = os.read(process.stdout.fileno(), 256).decode().strip() if ready else ""
        if not port:
            last = (log.read_text(encoding="utf-8", errors="replace").splitlines() or ["nothing"])[-1]
            raise DeviceError(f"{board.name}: the simulator did not start; it said: {last}.")
        yield port
