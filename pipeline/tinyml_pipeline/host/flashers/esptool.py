"""esptool: Espressif's chips through the loader in their ROM."""

from __future__ import annotations

import sys
from pathlib import Path

from tinyml_pipeline.boards.board import Esptool
from tinyml_pipeline.extras import need_extra
from tinyml_pipeline.host.flashers.flasher import FlashPlan, Symptom

SYMPTOMS = (
    Symptom(
        r"This chip is (\S+), not (\S+?)\.",
        "the chip behind {port} is an {0}, not an {1}; choose the board that is really there with --board",
    ),
    Symptom(
        r"Wrong boot mode detected|No serial data received|Failed to connect to|getting no sync reply",
        "the chip is not in download mode; hold its BOOT button, press and let go RESET (EN), let go BOOT, and flash"
        " again",
    ),
    Symptom(
        r"larger than detected flash size|will not fit in",
        "its flash is smaller than this board's; choose the board that is really there with --board",
    ),
    Symptom(
        r"MD5 of file does not match|digest mismatch|Verification failed",
        "what was read back differs from what was written; check cable and power, then flash again",
    ),
    Symptom(
        r"Invalid head of packet|chip stopped responding|Packet content transfer stopped|Serial data stream stopped",
        "the line lost bytes; use a shorter cable or another USB port, then flash again",
    ),
)


def program() -> tuple[str, ...]:
    """How esptool is started: with this program's own Python, which brings it; ToolMissingError where it does not."""
    need_extra("flash", "an image for the ESP32 family")
    return (sys.executable, "-m", "esptool")


def plan(settings: Esptool, image: Path, board: str, port: str, address: int = 0) -> FlashPlan:
    """Write an image: at 0 a merged one (boot loader, partitions and program); esptool compares the flash's MD5."""
    command: tuple[str | Path, ...] = (
        *program(),
        *("--chip", settings.chip, "--port", port, "--baud", str(settings.baud)),
        *("write-flash", f"{address:#x}", image),
    )
    return FlashPlan("esptool", command, board, port, SYMPTOMS)
