"""arduino-cli: every board that has an Arduino core installed."""

from __future__ import annotations

from pathlib import Path

from pipeline import tools
from pipeline.flashers.flasher import FlashPlan, Symptom

SYMPTOMS = (
    Symptom(
        r"Platform '([\w:]+)' not found|platform ([\w:]+) is not installed",
        "arduino-cli lacks the board's core; install the one that sketch.yaml names: arduino-cli core install",
    ),
    Symptom(
        r"[Nn]o upload port provided|upload\.tool\.serial",
        "arduino-cli needs a port; name one with --port",
    ),
    Symptom(
        r"tool '?(\S+?)'? not found|cannot execute upload tool",
        "the board's core is there but not whole; install it again: arduino-cli core install",
    ),
)


def plan(sketch: Path, board: str, port: str, symptoms: tuple[Symptom, ...]) -> FlashPlan:
    """Upload and verify a sketch by its profile in sketch.yaml; what is built already is not built again.

    `symptoms` are those of the tool that arduino-cli calls for this board.
    """
    program = tools.find_tool(
        "arduino-cli", purpose=f"flash {board}", install="see https://arduino.github.io/arduino-cli/latest/installation"
    )
    command = (program, "compile", "--upload", "--verify", "--no-color", "--profile", board, "--port", port, sketch)
    return FlashPlan("arduino-cli", command, board, port, (*SYMPTOMS, *symptoms))
