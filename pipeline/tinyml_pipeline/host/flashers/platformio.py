"""PlatformIO: every board that it has a platform for."""

from __future__ import annotations

from pathlib import Path

from tinyml_pipeline import tools
from tinyml_pipeline.host.flashers.flasher import FlashPlan, Symptom

SYMPTOMS = (
    Symptom(
        r"HTTPClientError|InternetConnectionError|Could not install package|UnknownPackageError",
        "PlatformIO could not fetch what this board needs; it needs the network the first time",
    ),
    Symptom(
        r"Please specify `?upload_port`?",
        "PlatformIO needs a port; name one with --port",
    ),
)


def plan(project: Path, board: str, port: str | None, symptoms: tuple[Symptom, ...]) -> FlashPlan:
    """Upload what PlatformIO built; `symptoms` are those of the tool that it calls for this board."""
    program = tools.find_tool("pio", purpose=f"flash {board}", install="pip install platformio")
    chosen = ("--upload-port", port) if port else ()
    command = (program, "run", "--target", "upload", *chosen)
    return FlashPlan("pio", command, board, port, (*SYMPTOMS, *symptoms), cwd=project)
