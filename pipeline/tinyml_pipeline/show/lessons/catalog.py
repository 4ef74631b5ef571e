"""Finds the lessons: every file of this folder that defines LESSON; early_stopping.py is the lesson early-stopping."""

from __future__ import annotations

import importlib

from tinyml_pipeline.errors import UsageError
from tinyml_pipeline.names import hint, module_names
from tinyml_pipeline.show import lessons
from tinyml_pipeline.show.lessons.lesson import Lesson

_NOT_LESSONS = {"lesson", "catalog", "network"}


def lesson_names() -> list[str]:
    """The names of all lessons, in alphabetical order; runs none."""
    return [name.replace("_", "-") for name in module_names(lessons.__path__, _NOT_LESSONS)]


def load_lesson(name: str) -> Lesson:
    """One lesson; UsageError names the nearest where there is none of that name."""
    known = lesson_names()
    if name not in known:
        raise UsageError(f"there is no lesson '{name}'. {hint(name, known)}")
    found = importlib.import_module(f"tinyml_pipeline.show.lessons.{name.replace('-', '_')}").LESSON
    assert isinstance(found, Lesson)
    return found
