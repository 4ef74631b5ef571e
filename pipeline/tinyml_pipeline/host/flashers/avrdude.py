"""avrdude: AVR boards through their boot loader."""

from __future__ import annotations

from pathlib import Path

from tinyml_pipeline import tools
from tinyml_pipeline.boards.board import Avrdude
from tinyml_pipeline.host.flashers.flasher import FlashPlan, Symptom

SYMPTOMS = (
    Symptom(
        r"expected signature for (.+?) is",
        "the chip behind {port} is no {0}; choose the board that is really there with --board",
    ),
    Symptom(
        r"verification (?:error|mismatch)",
        "what was read back differs from what was written; check cable and power, then flash again",
    ),
    Symptom(
        r"not in sync|programmer is not responding|protocol error|timeout communicating with programmer",
        "its boot loader does not answer on {port}; press its reset button right before, and check that this is its"
        " port and its boot loader the one it came with (older ones speak at another baud rate)",
    ),
)


_ATTEMPTS = 3
"""To reach the boot loader, each after a reset and of five seconds; avrdude itself makes ten of them."""


def plan(settings: Avrdude, image: Path, board: str, port: str) -> FlashPlan:
    """Write and verify an .elf or .hex; the sections for EEPROM and fuses, if any, are left alone."""
    program = tools.find_tool("avrdude", purpose=f"flash {board}", install="apt install avrdude")
    kind = "e" if image.suffix == ".elf" else "i"
    attempts = ("-x", f"attempts={_ATTEMPTS}") if settings.programmer == "arduino" else ()  # others have no such option
    command = (
        program,
        *("-p", settings.part, "-c", settings.programmer, *attempts, "-P", port, "-b", str(settings.baud)),
        "-D",  # the boot loader erases page by page; a whole erase is for programmers without one
        *("-U", f"flash:w:{image}:{kind}"),
    )
    return FlashPlan("avrdude", command, board, port, SYMPTOMS)
