"""What a person sees while a command works: a bar on a terminal, plain lines elsewhere; always on the error stream."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import TYPE_CHECKING

from tinyml_pipeline.visible_text import LINES, visible

if TYPE_CHECKING:
    from rich.console import Console
    from rich.status import Status

    from tinyml_pipeline.training.trained_model import EpochEnd

_PLAIN_LINES = 10  # a log needs to show that training moves, not every epoch
_FALLBACK_WIDTH = 80
_spinning: list[Status] = []  # what working() shows now; two moving lines at once would overwrite each other


Report = Callable[[str, int, int], None]
_report: ContextVar[Report | None] = ContextVar("report", default=None)


@contextlib.contextmanager
def reported_to(report: Report | None) -> Iterator[None]:
    """While the block runs, nothing is printed: `report` gets a text, how much is done, and of how much (0, 0: open).

    For callers that are programs; None reports to nobody.
    """
    token = _report.set(report or (lambda text, done, total: None))
    try:
        yield
    finally:
        _report.reset(token)


def say(text: str) -> None:
    """One plain line on the error stream, so that the output stream holds results only."""
    if (report := _report.get()) is not None:
        report(text, 0, 0)
        return
    print(visible(text, LINES), file=sys.stderr, flush=True)


def say_keras_starts(model: str) -> None:
    """A line before the seconds in which nothing moves because TensorFlow is imported into this process."""
    if "keras" not in sys.modules:
        say(f"{model}: starting Keras (some seconds)")


def _moves() -> bool:
    """Whether the error stream is a terminal that can move its cursor."""
    return sys.stderr.isatty() and os.environ.get("TERM") not in ("dumb", "unknown")


def _console() -> Console:
    """Rich's, which would take COLUMNS=0 at its word."""
    from rich.console import Console

    columns = os.environ.get("COLUMNS", "")
    unusable = columns.isdecimal() and int(columns) == 0
    return Console(stderr=True, width=_FALLBACK_WIDTH if unusable else None)


@contextlib.contextmanager
def working(text: str) -> Iterator[None]:
    """While the block runs: a spinner next to `text` on a terminal, one line elsewhere."""
    if (report := _report.get()) is not None:
        report(text, 0, 0)
        yield
        return
    if not _moves():
        say(text)
        yield
        return
    from rich.text import Text

    with _still(), _console().status(Text(visible(text))) as status:
        _spinning.append(status)
        try:
            yield
        finally:
            _spinning.pop()


@contextlib.contextmanager
def _still() -> Iterator[None]:
    """While the block shows something that moves: the spinner around it, if any, rests."""
    if not _spinning:
        yield
        return
    _spinning[-1].stop()
    try:
        yield
    finally:
        _spinning[-1].start()


@contextlib.contextmanager
def epochs(model: str, total: int) -> Iterator[Callable[[EpochEnd], None]]:
    """A callback for `train`: a bar with loss and remaining time on a terminal, some ten lines elsewhere."""
    if not _moves():
        yield lambda end: _plain_epoch(model, end)
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("loss {task.fields[loss]}"),
        TimeRemainingColumn(),
    )
    with _still(), Progress(*columns, console=_console()) as progress:
        task = progress.add_task(visible(f"{model}: training"), total=total, loss="-")
        yield lambda end: progress.update(task, completed=end.epoch, loss=f"{end.logs['loss']:.4g}")


@contextlib.contextmanager
def counting(text: str, total: int) -> Iterator[Callable[[int], None]]:
    """A callback that takes how many are done: a bar with remaining time on a terminal, one line elsewhere."""
    if (report := _report.get()) is not None:
        yield lambda done: report(text, done, total)
        return
    if not _moves():
        say(text)
        yield lambda done: None
        return
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    # The text may hold the name of a file: no markup of Rich's, and nothing that a terminal obeys.
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with _still(), Progress(*columns, console=_console(), transient=True) as progress:
        task = progress.add_task(visible(text), total=total)
        yield lambda done: progress.update(task, completed=done)


def _plain_epoch(model: str, end: EpochEnd) -> None:
    every = max(1, end.epochs // _PLAIN_LINES)
    if end.epoch % every == 0 or end.epoch == end.epochs:
        numbers = ", ".join(f"{name} {value:.4g}" for name, value in end.logs.items())
        say(f"{model}: epoch {end.epoch}/{end.epochs}, {numbers}")
