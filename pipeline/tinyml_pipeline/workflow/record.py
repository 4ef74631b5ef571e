"""`tinyml record`: what a board prints, as rows of a CSV file."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from tinyml_pipeline.boards.catalog import load_board
from tinyml_pipeline.data.printed import PrintedRows
from tinyml_pipeline.data.sample_file import SampleFile
from tinyml_pipeline.errors import DeviceError, UsageError, visible
from tinyml_pipeline.folder_changes import BusyError, lock
from tinyml_pipeline.host.device.device import Device
from tinyml_pipeline.project import Project
from tinyml_pipeline.show.report import progress
from tinyml_pipeline.user_code import shown
from tinyml_pipeline.workflow.collect import connect_collector
from tinyml_pipeline.workflow.connect import is_emulated

_LOOK_S = 0.05
_BETWEEN_LINES_S = 0.01
"""A board that prints in these first moments may be in the middle of a line."""
_SILENT_S = 5.0


@dataclass(frozen=True)
class Recording:
    """What was stored: `rows` of this `recording`, and how many lines were none."""

    file: str
    label: str
    recording: int
    rows: int
    seconds: float
    names: tuple[str, ...]
    rubbish: int
    example: str
    """The last line that was no row."""


def record(
    project: Project,
    *,
    board: str,
    label: str,
    output: Path,
    port: str | None = None,
    columns: Sequence[str] = (),
    rows: int | None = None,
) -> Recording:
    """Append rows to `output` until Ctrl-C or, if given, until there are `rows`.

    Names of the values are those of the file, else `columns`, else what the board prints as a line of names. Raises
    UsageError before the board is opened for a file that is not one of recordings, and DeviceError if the board goes
    away; whatever was received until then is stored.
    """
    if rows is not None and rows < 1:
        raise UsageError("--rows takes a number of at least 1.")
    if "\n" in label or "\r" in label or "\0" in label:
        raise UsageError("--label takes a text of one line.")
    target = load_board(board)
    if not output.parent.is_dir():
        raise UsageError(f"there is no folder '{visible(shown(output.parent))}'; make it, or choose another with -o.")
    try:
        with (
            lock(output),
            SampleFile(output, label, columns) as file,
            connect_collector(target, port, project) as device,
        ):
            return _store(device, file, label, list(file.names or columns), rows, is_emulated(target))
    except BusyError:
        raise UsageError(f"another 'tinyml record' writes to {shown(output)}; choose another file with -o.") from None


def _store(device: Device, file: SampleFile, label: str, names: list[str], most: int | None, is_new: bool) -> Recording:
    """`is_new` is a board that has just been started: nothing of its first line was missed."""
    first = b"" if is_new else device.read(_BETWEEN_LINES_S)
    printed = PrintedRows(names, is_cut=bool(first))
    started = time.monotonic()
    what = f" of '{visible(label)}'" if label else ""
    progress.say(f"recording {file.recording}{what} into {shown(file.path)}; Ctrl-C ends it")
    try:
        with _interruption() as is_over:
            for rows in _rows(device, printed, first, started):
                if rows and not file.rows:
                    file.begin(printed.names)
                file.append(rows if most is None else rows[: most - file.rows])
                if is_over.is_set() or (most is not None and file.rows >= most):
                    break
    except DeviceError as error:
        _keep_last(file, printed)
        raise DeviceError(f"{error} {file.rows:,} rows were stored before that in {shown(file.path)}.") from None
    _keep_last(file, printed, most)
    seconds = time.monotonic() - started
    return Recording(
        shown(file.path), label, file.recording, file.rows, seconds, tuple(file.names), printed.rubbish, printed.example
    )


@contextlib.contextmanager
def _interruption() -> Iterator[threading.Event]:
    """Ctrl-C as an event, so that it never comes between a line and its row; a second one interrupts as usual."""
    is_over = threading.Event()

    def end(number: int, frame: FrameType | None) -> None:
        if is_over.is_set():
            raise KeyboardInterrupt
        is_over.set()

    if threading.current_thread() is not threading.main_thread():  # only that one may handle signals
        yield is_over
        return
    before = signal.signal(signal.SIGINT, end)
    try:
        yield is_over
    finally:
        signal.signal(signal.SIGINT, before)


def _rows(
    device: Device, printed: PrintedRows, first: bytes, started: float
) -> Iterator[list[tuple[float, list[str]]]]:
    """What each read completes; a word to the user if nothing that counts comes for seconds."""
    said, heard = first, started
    is_told = False
    while True:
        now = time.monotonic()
        rows = list(printed.feed(said, now - started))
        if rows:
            heard = now
        elif now - heard > _SILENT_S and not is_told:
            is_told = True
            progress.say(
                f"{device.name}: nothing but '{visible(printed.example)}' so far, which is no row of numbers"
                if printed.rubbish
                else f"{device.name} prints nothing; does it run a sketch that prints numbers? 'tinyml firmware"
                " --collect' writes one"
            )
        yield rows
        said = device.read(_LOOK_S)


def _keep_last(file: SampleFile, printed: PrintedRows, most: int | None = None) -> None:
    """What still waited to be understood."""
    rows = list(printed.finish())
    if rows and not file.rows:
        file.begin(printed.names)
    file.append(rows if most is None else rows[: max(0, most - file.rows)])
