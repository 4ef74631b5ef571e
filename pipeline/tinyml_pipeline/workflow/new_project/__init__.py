"""`tinyml init`: the files that a new project begins with, and nothing else in the folder touched."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path

from tinyml_pipeline.errors import ArtifactsError, UsageError
from tinyml_pipeline.user_code import shown

# Where each file goes, and its name here; a .py would be taken for a module of this package.
_FILES = {
    "tinyml.toml": "tinyml.toml",
    "models/line.py": "line.py.txt",
    ".gitignore": "gitignore.txt",
    "README.md": "README.md",
}


@dataclass(frozen=True)
class NewProject:
    """The folder of a new project, and what was written into it."""

    folder: str
    files: tuple[str, ...]


def init(folder: Path) -> NewProject:
    """Write a project with one model. Raises UsageError, before anything is written, if one of its files is there."""
    for file in _FILES:
        if (folder / file).exists() or (folder / file).is_symlink():
            raise UsageError(f"{shown(folder / file)} exists already; nothing was written. Choose another folder.")
    made: list[Path] = []
    try:
        for file, source in _FILES.items():
            _write(folder / file, (Path(__file__).parent / source).read_text(encoding="utf-8"), made)
    except OSError as error:
        _take_back(made)
        raise ArtifactsError(
            f"{shown(folder)} cannot be written ({error.strerror}). Nothing was left there; choose another folder."
        ) from None
    except KeyboardInterrupt:
        _take_back(made)
        raise
    return NewProject(str(folder), tuple(_FILES))


def _write(place: Path, text: str, made: list[Path]) -> None:
    """`made` gets every folder and file that was not there before."""
    for parent in reversed(place.parents):
        if not parent.is_dir():
            parent.mkdir()
            made.append(parent)
    with place.open("x", encoding="utf-8") as written:
        made.append(place)
        written.write(text)


def _take_back(made: list[Path]) -> None:
    for place in reversed(made):
        with contextlib.suppress(OSError):  # not empty any more: somebody else's now
            place.rmdir() if place.is_dir() else place.unlink()
