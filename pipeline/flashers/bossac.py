"""bossac: boards with Arduino's SAM-BA boot loader, such as the Nano 33 BLE."""

from __future__ import annotations

import time
from pathlib import Path

from pipeline import tools
from pipeline.flashers.flasher import FlashPlan, Symptom

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


def plan(image: Path, board: str, port: str) -> FlashPlan:
    """Erase what is needed, write, verify, and start a .bin. `touch` must have started the boot loader."""
    program = tools.find_tool("bossac", purpose=f"flash {board}", install="apt install bossa-cli")
    name = port.removeprefix("/dev/")  # bossac puts the folder in front itself
    command = (program, f"--port={name}", "-U", "-i", "-e", "-w", "-v", image, "-R")
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
