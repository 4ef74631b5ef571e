"""OpenOCD: Cortex-M boards through a debug probe, by the board's own script among those that come with it."""

from __future__ import annotations

from pathlib import Path

from tinyml_pipeline import tools
from tinyml_pipeline.boards.board import Probe
from tinyml_pipeline.host.flashers.flasher import NO_PROBE, PROBE_WITHOUT_CHIP, FlashPlan, Symptom

SYMPTOMS = (
    Symptom(
        r"LIBUSB_ERROR_ACCESS",
        "you may not use its debug probe; Debian's openocd brings rules for it: connect the board again",
    ),
    Symptom(r"Can't find (\S+\.cfg)", "this OpenOCD is too old to know the board (it has no {0}); install 0.12"),
    Symptom(r"init mode failed|Error connecting DP|target voltage may be too low|not halted", PROBE_WITHOUT_CHIP),
    Symptom(r"Verify Failed", "the flash holds something else than what was written; flash again"),
    Symptom(r"Error: open failed|no device found", NO_PROBE),
)


def plan(settings: Probe, image: Path, board: str) -> FlashPlan:
    """Write an .elf or .hex, read it back, start it."""
    program = tools.find_tool("openocd", purpose=f"flash {board}", install="apt install openocd")
    # Braces are Tcl's quotes; within them only a brace is special.
    command = (program, "-f", settings.openocd_script, "-c", f"program {{{image}}} verify reset exit")
    return FlashPlan("openocd", command, board, None, SYMPTOMS)
