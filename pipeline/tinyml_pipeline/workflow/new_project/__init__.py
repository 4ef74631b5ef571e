"""`tinyml init`: the files that a new project begins with, and nothing else in the folder touched."""

from __future__ import annotations

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
    try:
        for file, source in _FILES.items():
            place = folder / file
            place.parent.mkdir(parents=True, exist_ok=True)
            with place.open("x", encoding="utf-8") as written:
                written.write((Path(__file__).parent / source).read_text(encoding="utf-8"))
    except OSError as error:
        raise ArtifactsError(
            f"{shown(folder)} cannot be written ({error.strerror}). Choose another folder, or change its permissions."
        ) from None
    return NewProject(str(folder), tuple(_FILES))
