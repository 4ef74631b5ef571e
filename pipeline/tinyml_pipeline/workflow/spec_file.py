"""Spec files that commands write for their users: where one goes, and what stands in it."""

from __future__ import annotations

import math
import os
import re
from pathlib import Path
from typing import Any

import numpy.typing as npt

from tinyml_pipeline.errors import UsageError, visible
from tinyml_pipeline.project import Project
from tinyml_pipeline.user_code import shown

_DIGITS = 4


def spec_place(name: str, project: Project, instead: str, force: bool) -> Path:
    """Where the spec of a new model goes; UsageError if its name cannot be, or is taken.

    `instead` is what to run, and which option gives another name, where a spec of that name is there already.
    """
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise UsageError(
            f"model name '{visible(name)}': use lower-case letters, digits and underscores, and begin with a letter."
        )
    folder = project.model_folders[0] if project.model_folders else project.root / "models"
    place = folder / f"{name}.py"
    if (os.path.lexists(place) or name in project.own_names()) and not force:
        if name not in project.own_names():
            raise UsageError(f"{shown(place)} is there already, and is not the spec of a model. Choose another name.")
        where = place if os.path.lexists(place) else project.model(name).path
        raise UsageError(f"{shown(where)} is there already. Change it and run: {instead}, or replace it with --force.")
    return place


def path_from(place: Path, target: Path) -> str:
    """A path as a spec states it: from its own folder, if both lie on one drive."""
    try:
        return Path(os.path.relpath(target.resolve(), place.resolve().parent)).as_posix()
    except ValueError:
        return target.resolve().as_posix()


def rounded_range(values: npt.NDArray[Any]) -> tuple[float, float]:
    """The range of samples, to a few digits outwards; of a constant, one that includes 0."""
    low, high = float(values.min()), float(values.max())
    if low == high:
        low, high = min(low, 0.0), max(high, 0.0) or 1.0
    step = 10.0 ** (math.floor(math.log10(high - low)) - _DIGITS + 2)
    digits = max(0, _DIGITS - 2 - math.floor(math.log10(high - low)))
    return round(math.floor(low / step) * step, digits), round(math.ceil(high / step) * step, digits)


def quoted(text: str) -> str:
    """As a Python string on one line, with the quotes that the other specs use."""
    body = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in body) + '"'
