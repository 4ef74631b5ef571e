"""Finds the lessons: every file of this folder that defines LESSON; early_stopping.py is the lesson early-stopping."""

from __future__ import annotations

import difflib
import importlib
import pkgutil

from pipeline import lessons
from pipeline.errors import UsageError
from pipeline.lessons.lesson import Lesson

_NOT_LESSONS = {"lesson", "catalog", "network"}


def lesson_names() -> list[str]:
    """The names of all lessons, in alphabetical order; runs none."""
    names = (
        name for _, name, _ in pkgutil.iter_modules(lessons.__path__) if name not in _NOT_LESSONS and name[0] != "_"
    )
    return sorted(name.replace("_", "-") for name in names)


def load_lesson(name: str) -> Lesson:
    """One lesson; UsageError names the nearest where there is none of that name."""
    known = lesson_names()
    if name not in known:
        close = difflib.get_close_matches(name, known, n=1)
        hint = f"Did you mean '{close[0]}'?" if close else f"There are: {', '.join(known)}."
        raise UsageError(f"there is no lesson '{name}'. {hint}")
    found = importlib.import_module(f"pipeline.lessons.{name.replace('-', '_')}").LESSON
    assert isinstance(found, Lesson)
    return found
