"""What a result was made from: the packages, the program's own text, and digests of both."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import json
import platform
from pathlib import Path
from typing import Any

_THAT_CHANGE_RESULTS = ("tensorflow", "keras", "numpy", "tflite-runtime", "ai-edge-litert", "tflite-micro")


def environment() -> dict[str, str]:
    """Versions of Python and of the packages whose version can change a result, and the processor's family.

    A package that is not installed is left out.
    """
    versions = {}
    for name in _THAT_CHANGE_RESULTS:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            versions[name] = importlib.metadata.version(name)
    return {"python": platform.python_version(), "machine": platform.machine(), **versions}


def digest(*parts: Any) -> str:
    """SHA-256 over JSON-able parts, in hexadecimal."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def text_digest(*places: Path) -> str:
    """SHA-256 over source files, or all of them below folders: their names and bytes, in a fixed order."""
    total = hashlib.sha256()
    for place in places:
        for path in sorted(place.rglob("*")) if place.is_dir() else [place]:
            if path.is_file() and "__pycache__" not in path.parts:
                total.update(path.relative_to(place.parent).as_posix().encode() + b"\0")
                total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()
