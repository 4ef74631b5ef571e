"""bossac: the Nano 33 BLE through its SAM-BA boot loader. Arduino's own bossac knows the chip, Debian's does not."""

from __future__ import annotations

import time
from pathlib import Path

from tinyml_pipeline import tools
from tinyml_pipeline.errors import ToolMissingError
from tinyml_pipeline.host.flashers.flasher import FlashPlan, Symptom

SYMPTOMS = (
    Symptom(
        r"[Vv]erify failed|pages? with errors",
        "what was read back differs from what was written; check cable and power, then flash again",
    ),
    Symptom(
        r"No device found on|SAM-BA operation failed|Device unsupported|Failed to open port|No serial ports found",
        "its boot loader does not answer on {port}; press the reset button twice, quickly (the LED then pulses), look"
        " whether the port's name has changed, and flash again",
    ),
)
_TOUCH_BAUD = 1200
_LOADER_WITHIN_S = 5.0
_CHIP = b"nRF52840"
"""What stands in a bossac that knows the chip: in Arduino's 1.9.1-arduino2, not in ShumaTech's 1.9.1, Debian's."""
# Where arduino-cli (for a profile, for all), the Arduino IDE and PlatformIO put theirs, below the home folder.
_PLACES = (
    ".arduino15/internal/arduino_bossac_*/bossac",
    ".arduino15/packages/arduino/tools/bossac/*/bossac",
    "Library/Arduino15/internal/arduino_bossac_*/bossac",
    "Library/Arduino15/packages/arduino/tools/bossac/*/bossac",
    ".platformio/packages/tool-bossac-nordicnrf52/bossac",
)


def program(board: str) -> Path:
    """A bossac that knows the chip, on PATH or where Arduino's tools put it; else ToolMissingError."""
    on_path = tools.which("bossac")
    found = [Path(on_path)] if on_path is not None else []
    found += [path for place in _PLACES for path in sorted(Path.home().glob(place))]
    for path in found:
        if _CHIP in path.read_bytes():
            return path
    raise ToolMissingError(
        f"Arduino's bossac is not installed (Debian's cannot write this chip); it is needed to flash {board}. It comes"
        " with the board's core: arduino-cli core install arduino:mbed_nano."
    )


def plan(image: Path, board: str, port: str) -> FlashPlan:
    """Erase what is needed, write, verify, and start a .bin. `touch` must have started the boot loader."""
    name = port.removeprefix("/dev/")  # bossac puts the folder in front itself
    command = (program(board), f"--port={name}", "-U", "-i", "-e", "-w", "-v", image, "-R")
    return FlashPlan("bossac", command, board, port, SYMPTOMS)


def touch(port: str) -> None:
    """Open and close a port at 1200 baud, which makes the board restart in its boot loader, and wait until it is back.

    Does nothing where the port cannot be opened: bossac then says why.
    """
    import serial

    try:
        serial.Serial(port, _TOUCH_BAUD).close()
    except (serial.SerialException, OSError):
        return
    deadline = time.monotonic() + _LOADER_WITHIN_S
    time.sleep(0.5)  # the old port needs a moment to go
    while not Path(port).exists() and time.monotonic() < deadline:
        time.sleep(0.1)
