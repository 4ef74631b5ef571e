"""The CSV file that recordings are appended to: whole rows only, whatever interrupts the writing."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Sequence
from pathlib import Path

from tinyml_pipeline.errors import UsageError, visible
from tinyml_pipeline.user_code import shown

BEFORE, AFTER = ("recording", "time_s"), ("label",)
"""The columns around the values."""


class SampleFile:
    """`recording,time_s,VALUES...,label`; each recording gets the next number. Opened by `with`."""

    def __init__(self, path: Path, label: str, columns: Sequence[str] = ()) -> None:
        """`columns` are names that were asked for: a file that has others is not appended to."""
        self.path = path
        self._columns = list(columns)
        self.recording = 0
        self.rows = 0
        self.names: list[str] = []
        """Of the values, if the file has rows already; else those given to `begin`."""
        self._label = label
        self._file: int | None = None
        self._end = 0

    def __enter__(self) -> SampleFile:
        """Raises UsageError, and leaves the file as it is, if it is another kind of CSV or ends within a row.

        And if a recording without a label, or with other names of its values, would be appended to one that has them.
        """
        if self.path.exists():
            self.names, self.recording, self._end, is_labelled = _examine(self.path)
            where = visible(shown(self.path))
            if self.names and self._columns and self._columns != self.names:
                found, asked = visible(", ".join(self.names)), visible(", ".join(self._columns))
                raise UsageError(
                    f"{where} has the columns {found}, not {asked}; leave --columns out, or choose another with -o."
                )
            if is_labelled and not self._label:
                raise UsageError(
                    f"{where} has recordings with labels; name this one's with --label, or choose another file with -o."
                )
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def begin(self, names: Sequence[str]) -> None:
        """Write the header row if the file is new. Raises UsageError if it is not, and has other columns."""
        if self.names and len(names) != len(self.names):
            raise UsageError(
                f"{shown(self.path)} has rows of {', '.join(self.names)}, but the board prints {len(names)} values."
                " Choose another file with -o."
            )
        try:
            self._file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0), 0o666)
        except OSError as error:
            raise UsageError(f"{shown(self.path)} cannot be written ({error.strerror}).") from None
        if not self.names:
            self.names = list(names)
            self._write(_line([*BEFORE, *names, *AFTER]))

    def append(self, rows: Sequence[tuple[float, Sequence[str]]]) -> None:
        """Rows of (seconds, values), in one write."""
        if rows:
            text = [_line([str(self.recording), f"{time_s:.3f}", *values, self._label]) for time_s, values in rows]
            self._write("".join(text))
            self.rows += len(rows)

    def _write(self, text: str) -> None:
        """All of it or, if the disk is full, nothing."""
        assert self._file is not None, "begin() has opened it"
        rest = text.encode()
        size = len(rest)
        try:
            while rest:
                rest = rest[os.write(self._file, rest) :]
        except OSError as error:
            os.ftruncate(self._file, self._end)
            raise UsageError(f"{shown(self.path)} cannot be written ({error.strerror}).") from None
        self._end += size


def _line(cells: Sequence[str]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue()


def _examine(path: Path) -> tuple[list[str], int, int, bool]:
    """Of a file that may be appended to: names of the values, next recording, size, and whether it has labels."""
    where = visible(shown(path))
    other = f"{where} is not a file of 'tinyml record'; choose another with -o."
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.reader(file)
            header = next(reader, [])
            if not header and path.stat().st_size == 0:
                return [], 0, 0, False
            names = header[len(BEFORE) : -len(AFTER)]
            if [*BEFORE, *names, *AFTER] != header or not names:
                raise UsageError(other)
            last, is_labelled = -1, False
            for row in reader:
                if len(row) != len(header) or not row[0].isdecimal():
                    raise UsageError(f"{where}, line {reader.line_num}: not a row of a recording; mend the file first.")
                last = max(last, int(row[0]))
                is_labelled |= bool(row[-1])
        with path.open("rb") as raw:
            size = raw.seek(0, os.SEEK_END)
            raw.seek(size - 1)
            if raw.read(1) != b"\n":
                raise UsageError(f"{where} ends within a row; mend the file first.")
    except (UnicodeDecodeError, csv.Error):
        raise UsageError(other) from None
    except OSError as error:
        raise UsageError(f"{where} cannot be read ({error.strerror}).") from None
    return names, last + 1, size, is_labelled
