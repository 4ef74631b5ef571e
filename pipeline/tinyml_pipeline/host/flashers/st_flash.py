"""st-flash, of the tools that Debian calls stlink-tools: STM32 boards through an ST-LINK."""

from __future__ import annotations

from pathlib import Path

from tinyml_pipeline import tools
from tinyml_pipeline.host.flashers.flasher import NO_PROBE, PROBE_WITHOUT_CHIP, FlashPlan, Symptom

SYMPTOMS = (
    Symptom(
        r"access error|LIBUSB_ERROR_ACCESS",
        "you may not use its debug probe; Debian's stlink-tools brings rules for it: connect the board again",
    ),
    Symptom(r"unable to claim", "another program uses its debug probe; close the debugger or whatever else holds it"),
    Symptom(
        r"Can not connect to target|Failed to connect to target|Failed to enter SWD mode|unknown chip id",
        PROBE_WITHOUT_CHIP,
    ),
    Symptom(r"Verification of flash failed", "the flash holds something else than what was written; flash again"),
    Symptom(r"Couldn't find any ST-Link|Failed to open USB device|Couldn't find .* ST-Link devices", NO_PROBE),
)


def plan(image: Path, address: int, board: str) -> FlashPlan:
    """Write a .bin to `address`, read it back, start it."""
    program = tools.find_tool("st-flash", purpose=f"flash {board}", install="apt install stlink-tools")
    return FlashPlan("st-flash", (program, "--reset", "write", image, f"{address:#x}"), board, None, SYMPTOMS)
