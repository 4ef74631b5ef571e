"""Where the program's own files lie, and where it keeps what is costly to make again."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
SOURCE_ROOT = PACKAGE.parent
"""Where `python -m tinyml_pipeline...` finds the package, whatever folder the user is in."""
FIRMWARE = next(path for path in (PACKAGE / "firmware", SOURCE_ROOT.parent / "firmware") if path.is_dir())
"""In a wheel inside the package, in a clone next to pipeline/."""


def cache_dir(what: str) -> Path:
    """This user's folder for one kind of thing (a compiled Arduino core, the bridge to simavr); not made here."""
    return Path(tempfile.gettempdir()) / f"tinyml-{what}-{os.getuid()}"
