"""The three standard streams, whatever state they come in: closed, full, a pipe that nobody reads, no Unicode."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Iterator
from typing import Any

_STDERR = 2
_BROKEN_PIPE_EXIT = 141
"""What a shell says of a program that SIGPIPE ended."""


@contextlib.contextmanager
def prepared() -> Iterator[None]:
    """The block can print anything to both streams; what cannot be written is one line at most, and exit code 1.

    A stream that is closed is replaced by /dev/null, also as a file descriptor, so that no file which is opened later
    takes its number and then gets what a library prints. A character that a stream cannot encode becomes an escape.
    """
    _open_closed()
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if isinstance(stream, io.TextIOWrapper) and stream is getattr(sys, f"__{name}__"):
            setattr(sys, name, _watched(stream))
    try:
        try:
            yield
        finally:
            _flush()
    except OSError as error:
        if not are_broken():
            raise
        if isinstance(error, BrokenPipeError):
            _give_up(_BROKEN_PIPE_EXIT)
        _give_up(1, f"tinyml: the output cannot be written ({error.strerror}).")


def _open_closed() -> None:
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            null = os.open(os.devnull, os.O_RDWR)
            if null != number:
                os.dup2(null, number)
                os.close(null)
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, "r" if number == 0 else "w", encoding="utf-8", closefd=False))  # noqa: SIM115


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        stream.flush()


class _WatchedFile(io.FileIO):
    """A file descriptor that remembers whether a write to it failed; progress that cannot be shown stops nothing."""

    has_failed = False

    def write(self, data: Any, /) -> int:
        try:
            return super().write(data)
        except BlockingIOError:
            raise
        except OSError as error:
            if self.fileno() == _STDERR and not isinstance(error, BrokenPipeError):
                return len(data)
            _WatchedFile.has_failed = True
            raise


def _watched(stream: io.TextIOWrapper) -> io.TextIOWrapper:
    stream.flush()
    raw = _WatchedFile(stream.fileno(), "w", closefd=False)
    lines = stream.line_buffering
    return io.TextIOWrapper(
        io.BufferedWriter(raw), encoding=stream.encoding, errors="backslashreplace", line_buffering=lines
    )


def are_broken() -> bool:
    """Whether one of our own streams took no more: an error was not of a file or of a program that we started."""
    return _WatchedFile.has_failed


def _give_up(code: int, message: str = "") -> None:
    """Leave with an exit code; a last message where that still can be written. Nothing is flushed after this."""
    with contextlib.suppress(OSError):
        os.write(2, f"{message}\n".encode() if message else b"")
    null = os.open(os.devnull, os.O_WRONLY)
    for number in (1, 2):
        with contextlib.suppress(OSError):
            os.dup2(null, number)  # what is left in the buffers goes there when Python ends
    raise SystemExit(code)
