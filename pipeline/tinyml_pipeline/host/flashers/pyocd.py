"""pyOCD: Cortex-M boards through a debug probe, such as the ST-LINK of a Nucleo."""

from __future__ import annotations

from pathlib import Path

from tinyml_pipeline import tools
from tinyml_pipeline.boards.board import Probe
from tinyml_pipeline.host.flashers.flasher import NO_PROBE, PROBE_WITHOUT_CHIP, FlashPlan, Symptom

SYMPTOMS = (
    Symptom(
        r"insufficient permissions|Access denied",
        "you may not use its debug probe; install pyOCD's udev rules (https://github.com/pyocd/pyOCD/tree/main/udev)",
    ),
    Symptom(
        r"No (?:connected|available) debug probes|no connected debug probes|Waiting for a debug probe",
        NO_PROBE,
    ),
    Symptom(
        r"[Tt]arget type '?([\w-]+)'? (?:is )?not recognized",
        "pyOCD does not know this chip yet; teach it: pyocd pack install {0}",
    ),
    Symptom(
        r"[Nn]o ACK|Unexpected ACK|STLink error|[Cc]ould not connect to|[Tt]ransfer (?:fault|error)",
        PROBE_WITHOUT_CHIP,
    ),
)


def plan(settings: Probe, image: Path, board: str) -> FlashPlan:
    """Write an .elf, .hex or .bin; fails at once where no probe is connected.

    pyOCD leaves alone what is in flash already, and reads nothing back after writing.
    """
    program = tools.find_tool("pyocd", purpose=f"flash {board}", install="pip install pyocd")
    # A folder as port leads pyOCD to wait for a probe without end, unless it is told not to.
    command = (program, "flash", "--no-wait", "--target", settings.pyocd_target, image)
    return FlashPlan("pyocd", command, board, None, SYMPTOMS)
