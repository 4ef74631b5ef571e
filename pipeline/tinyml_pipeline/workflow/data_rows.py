"""Rows of numbers from a file or standard input: CSV text, with or without a header row, or a NumPy .npy array."""

from __future__ import annotations

import csv
import difflib
import io
import math
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tinyml_pipeline.data.column import MISSING_TEXTS
from tinyml_pipeline.data.reading import excel_separator
from tinyml_pipeline.errors import UsageError, visible
from tinyml_pipeline.show.report import progress
from tinyml_pipeline.wording import counted
from tinyml_pipeline.workflow.outcomes import read_file

Rows = npt.NDArray[np.float64]
STANDARD_INPUT = "-"
FLOAT32_MAX = 3.4028234663852886e38
_MISSING = "nan"
_NPY, _ZIP = b"\x93NUMPY", b"PK\x03\x04"


def read_rows(source: str, names: Sequence[str], usage: str, *, by_name: bool = False) -> Rows:
    """(n, len(names)) finite numbers, n at least 1; `source` is a path, or '-' for standard input.

    A header row that holds all of `names` picks the columns, in any order; others are ignored. Any other header is
    skipped, and each row must have as many numbers as there are names. An array may be (n, values), (n, *shape), or
    of one dimension: n values of a model that takes one, else one row. `by_name` is how measurements are read: a header
    that does not name all of `names` is refused, a missing value is NaN, and where semicolons or tabs separate values,
    decimals may have commas. Raises UsageError, with the line or row, for whatever else is there; `usage` ends its
    message.
    """
    where = "standard input" if source == STANDARD_INPUT else visible(source)
    data = _read_standard_input() if source == STANDARD_INPUT else read_file(Path(source))
    if data.startswith(_NPY):
        return _rows_of_array(data, where, len(names), usage)
    if data.startswith(_ZIP):
        raise UsageError(f"{where} is an archive, such as .npz or .xlsx; save one array as .npy, or the table as CSV.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise UsageError(f"{where} is neither CSV text in UTF-8 nor a .npy array.")
    return _rows_of_text(text, where, names, usage, by_name)


def finite_number(text: str) -> float:
    """Raises ValueError, with what is wrong, for anything that is not a finite 32-bit float, as at a board's prompt."""
    try:
        number = float(text)
    except ValueError:
        hint = " (a point for decimals, blanks between numbers)" if "," in text else ""
        raise ValueError(f"'{visible(text)}' is not a number{hint}") from None
    if wrong := why_not_float32(number):
        raise ValueError(f"'{visible(text)}' is {wrong}")
    return number


def why_not_float32(number: float) -> str:
    """What is wrong with a number, as the end of a sentence; '' if it is a finite 32-bit float."""
    if not math.isfinite(number):
        return "not a finite number"
    return "beyond what a 32-bit float holds" if abs(number) > FLOAT32_MAX else ""


def _read_standard_input() -> bytes:
    if sys.stdin.isatty():
        progress.say("type one row per line, and Ctrl-D after the last")
    return sys.stdin.buffer.read()


def _rows_of_text(text: str, where: str, names: Sequence[str], usage: str, by_name: bool) -> Rows:
    lines = [(number, line.strip()) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    separator = excel_separator(lines[0][1]) if lines else ""
    lines = lines[1:] if separator else lines
    separator = separator or (_separator(lines[0][1]) if lines else "")
    cells = [(number, _split(line, separator)) for number, line in lines]
    picked = list(range(len(names)))
    header = cells.pop(0)[1] if cells and not any(_is_number(cell, separator) for cell in cells[0][1]) else []
    if header:
        if set(names) <= set(header):
            picked = [header.index(name) for name in names]
            cells = [(number, _pick(row, picked, len(header), f"{where}, line {number}")) for number, row in cells]
        elif by_name:
            raise UsageError(_no_column(where, names, header))
    if not cells:
        raise UsageError(f"{where} has no row of numbers; {usage}")
    if by_name:
        cells = [(number, [_as_point_and_nan(cell, separator) for cell in row]) for number, row in cells]
    return np.array(
        [_numbers(row, f"{where}, line {number}", len(names), usage, by_name) for number, row in cells], np.float64
    )


def _no_column(where: str, names: Sequence[str], header: Sequence[str]) -> str:
    """Names that were read by position would be those of other columns: a wrong answer, and nothing to see of it."""
    absent = visible(next(name for name in names if name not in header))
    close = difflib.get_close_matches(absent, [visible(name) for name in header], n=1)
    way_out = f"Did you mean '{close[0]}'?" if close else "Without a header row, values are read by position."
    return f"{where} has no column '{absent}'. {way_out}"


def _as_point_and_nan(cell: str, separator: str) -> str:
    if cell.lower() in MISSING_TEXTS:
        return _MISSING
    return cell.replace(",", ".", 1) if separator in ";\t" else cell


def _separator(line: str) -> str:
    """Of the first line: the first of these that is in it; blanks otherwise."""
    return next((mark for mark in ("\t", ";", ",") if mark in line), " ")


def _split(line: str, separator: str) -> list[str]:
    if separator == " ":
        return line.split()
    try:
        return [cell.strip() for cell in next(csv.reader(io.StringIO(line), delimiter=separator))]
    except csv.Error:  # a cell of more than 128 KB is not a number either
        return [line]


def _pick(row: Sequence[str], picked: Sequence[int], count: int, where: str) -> list[str]:
    if len(row) != count:
        raise UsageError(f"{where}: {counted(len(row), 'value')}, but the header row names {count} columns.")
    return [row[index] for index in picked]


def _numbers(row: Sequence[str], where: str, count: int, usage: str, by_name: bool) -> list[float]:
    if len(row) != count:
        raise UsageError(f"{where}: {counted(len(row), 'number')} given; {usage}")
    try:
        return [math.nan if by_name and text == _MISSING else finite_number(text) for text in row]
    except ValueError as error:
        raise UsageError(f"{where}: {error}; {usage}") from None


def _is_number(text: str, separator: str) -> bool:
    try:
        float(_as_point_and_nan(text, separator) if text else text)
    except ValueError:
        return False
    return True


def _rows_of_array(data: bytes, where: str, count: int, usage: str) -> Rows:
    try:
        array = np.load(io.BytesIO(data), allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise UsageError(f"{where} is not a readable .npy array ({visible(str(error)).split('.')[0]}).") from None
    if array.dtype.kind not in "biuf":
        raise UsageError(f"{where} holds {array.dtype}, not real numbers.")
    if array.ndim < 2:
        array = array.reshape(-1, 1) if count == 1 else array.reshape(1, -1)
    if array.size == 0:
        raise UsageError(f"{where} has no row of numbers; {usage}")
    rows: Rows = array.reshape(len(array), -1).astype(np.float64)
    if rows.shape[1] != count:
        raise UsageError(f"{where}: {counted(rows.shape[1], 'number')} per row given; {usage}")
    bad = np.argwhere(~(np.abs(rows) <= FLOAT32_MAX))
    if len(bad):
        row, column = bad[0]
        number = float(rows[row, column])
        raise UsageError(f"{where}, row {row + 1}: '{number:g}' is {why_not_float32(number)}; {usage}")
    return rows
