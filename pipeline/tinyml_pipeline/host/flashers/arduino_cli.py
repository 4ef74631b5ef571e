"""arduino-cli: every board that has an Arduino core installed."""

from __future__ import annotations

from pathlib import Path

from tinyml_pipeline import tools
from tinyml_pipeline.host.flashers.flasher import FlashPlan, Symptom

SYMPTOMS = (
    Symptom(
        r"loading required (?:platform|tool)|Error downloading",
        "arduino-cli could not fetch what sketch.yaml names; it needs the network the first time",
    ),
    Symptom(
        r"Platform '([\w:]+)' not found",
        "arduino-cli lacks the board's core; install it: arduino-cli core install {0}",
    ),
    Symptom(
        r"[Nn]o upload port provided|upload\.tool\.serial",
        "arduino-cli needs a port; name one with --port",
    ),
    Symptom(
        r"tool '?\S+?'? not found|cannot execute upload tool",
        "the board's core is there but not whole; remove arduino-cli's folder ~/.arduino15/internal and flash again",
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
