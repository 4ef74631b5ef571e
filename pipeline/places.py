"""Where the program's own files lie, and where it keeps what is costly to make again."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
ROOT = PACKAGE.parent
FIRMWARE = ROOT / "firmware"


def cache_dir(what: str) -> Path:
    """This user's folder for one kind of thing (a compiled Arduino core, the bridge to simavr); not made here."""
    return Path(tempfile.gettempdir()) / f"tinyml-{what}-{os.getuid()}"
