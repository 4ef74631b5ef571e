"""What a result was made from: the packages, the program's own text, and digests of both."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import json
import platform
import re
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from tinyml_pipeline.places import PACKAGE

_PACKAGE = "tinyml_pipeline"

_BLOCK_BYTES = 1 << 20
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


def code_digest(*modules: str, files: Sequence[Path] = ()) -> str:
    """SHA-256 over the source of modules of this package and of all that they import, and over other files or folders.

    What a stage does not import cannot change its result: editing a lesson leaves every converted model as it is.
    """
    return text_digest(*(_path_of(module) for module in modules_used_by(*modules)), *files)


def modules_used_by(*modules: str) -> list[str]:
    """Modules of this package that `modules` import, directly or not, and themselves; in alphabetical order.

    An import inside a function counts, and so does a module that is named in a string, which is how child processes
    are started. A module that calls import_module() looks for its siblings, and brings all of them along.
    """
    found: set[str] = set()
    todo = list(modules)
    while todo:
        module = todo.pop()
        if module not in found:
            found.add(module)
            todo += _used_by(module)
    return sorted(found)


@cache
def _used_by(module: str) -> tuple[str, ...]:
    path = _path_of(module)
    text = path.read_text(encoding="utf-8")
    names = set(re.findall(rf"\b{_PACKAGE}(?:\.\w+)+", text))
    for base, imported in re.findall(rf"from ({_PACKAGE}[\w.]*) import (\([^)]*\)|[^\n]*)", text):
        names |= {f"{base}.{name}" for name in re.findall(r"\w+", imported)}
    found = {name for start in names for name in _existing(start)}
    if "import_module(" in text:
        package = module if path.name == "__init__.py" else module.rsplit(".", 1)[0]
        found |= {f"{package}.{sibling.stem}" for sibling in path.parent.glob("*.py") if sibling.stem != "__init__"}
    return tuple(sorted(found - {module}))


def _existing(name: str) -> Iterator[str]:
    """The longest start of a dotted name that is a module, and the packages above it."""
    parts = name.split(".")
    for length in range(len(parts), 1, -1):
        module = ".".join(parts[:length])
        if _is_module(module):
            yield module


@cache
def _is_module(name: str) -> bool:
    """Asked of the same names by every file that imports them, so that the disk is asked once."""
    return _path_of(name).is_file()


def _path_of(module: str) -> Path:
    place = PACKAGE.joinpath(*module.split(".")[1:])
    return place / "__init__.py" if place.is_dir() else place.with_suffix(".py")


def file_digests(places: Sequence[Path | str]) -> list[str]:
    """SHA-256 of each file; '' of one that is not there, which whoever reads it will say."""
    found = []
    for place in map(Path, places):
        total = hashlib.sha256()
        try:
            with place.open("rb") as file:
                while block := file.read(_BLOCK_BYTES):
                    total.update(block)
        except OSError:
            found.append("")
        else:
            found.append(total.hexdigest())
    return found


def text_digest(*places: Path) -> str:
    """SHA-256 over source files, or all of them below folders: their names and bytes, in a fixed order."""
    total = hashlib.sha256()
    for place in places:
        for path in sorted(place.rglob("*")) if place.is_dir() else [place]:
            if path.is_file() and "__pycache__" not in path.parts:
                total.update(path.relative_to(place.parent).as_posix().encode() + b"\0")
                total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()
