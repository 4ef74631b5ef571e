"""What code of the user raised, in one line, and where in the user's file; imports nothing of ours."""

from __future__ import annotations

import os
import traceback
from pathlib import Path


def say(error: BaseException) -> str:
    """'NameError: name 'x' is not defined'; of many lines, the first that says something, without its full stop."""
    text = error.msg if isinstance(error, SyntaxError) else str(error)  # its str() names file and line once more
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    # TensorFlow's own errors begin with a headline that says nothing.
    telling = [line for line in lines if not line.startswith("Graph execution error")] or lines
    return f"{type(error).__name__}: {telling[0].rstrip('.:') if telling else 'no message'}"


def say_where(error: BaseException) -> str:
    """The same with ' (models/mine.py, line 12)' for what a function raised that the catcher called."""
    frames = traceback.extract_tb(error.__traceback__)[1:]  # without the catcher's own
    own = [frame for frame in frames if frame.filename == frames[0].filename]
    return f"{say(error)} ({shown(own[-1].filename)}, line {own[-1].lineno})" if own else say(error)


def line_in(path: Path, error: BaseException) -> int | None:
    """The line of a file at which running it raised; None where it lies elsewhere."""
    if isinstance(error, SyntaxError) and error.filename == str(path):
        return error.lineno
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    return lines[-1] if lines else None


def shown(path: Path | str) -> str:
    """A path as one would type it: from the current folder, where it lies inside."""
    absolute = Path(os.path.abspath(path))
    return str(absolute.relative_to(Path.cwd()) if absolute.is_relative_to(Path.cwd()) else absolute)
