"""A file of the user's own folder, written whole or not at all."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

from tinyml_pipeline.errors import ArtifactsError
from tinyml_pipeline.user_code import shown


def write_whole(place: Path, text: str) -> None:
    """`text` as the file `place`, in one step; ArtifactsError if it cannot be, and then nothing is left of it."""
    new = ""
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=place.parent, suffix=".new", delete=False) as file:
            new = file.name
            file.write(text)
        os.chmod(new, 0o644)
        os.replace(new, place)
    except OSError as error:
        with contextlib.suppress(OSError):
            os.unlink(new)
        raise ArtifactsError(
            f"{shown(place)} cannot be written ({error.strerror}). Make that possible, and run the command again."
        ) from None
