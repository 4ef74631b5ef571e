"""A file of measurements -> columns: CSV text, Parquet or NPZ, read by polars or NumPy.

Everything that is not as it should be is one UsageError with the line where it stands.
"""

from __future__ import annotations

import csv
import re
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tinyml_pipeline.data.column import Column, column_of_texts, column_of_values
from tinyml_pipeline.errors import UsageError, visible
from tinyml_pipeline.extras import need_extra
from tinyml_pipeline.user_code import shown

if TYPE_CHECKING:
    import polars

MOST_BYTES = 512 << 20
_MOST_VALUES = MOST_BYTES // 8
_MOST_COLUMNS = 4096
_COMMENT = ("#", "//", "%")
_CACHE: dict[Path, tuple[tuple[int, int], Table]] = {}


class Table:
    """Columns of one length by name, in the order of the file; `first_line` is that of row 0, 0 in a binary file.

    `is_named` is False if the file has no header row, and its columns are called column_1 and so on.
    """

    def __init__(self, where: str, columns: Sequence[Column], first_line: int, *, is_named: bool = True) -> None:
        self.where = where
        self.is_named = is_named
        self.columns = {column.name: column for column in columns}
        self.rows = len(columns[0].numbers)
        self._first_line = first_line

    def place(self, row: int) -> str:
        """'soil.csv, line 12', or 'soil.parquet, row 11'."""
        return f"{self.where}, line {row + self._first_line}" if self._first_line else f"{self.where}, row {row + 1}"


def read_table(path: Path) -> Table:
    """The columns of a file; read once while it does not change.

    Raises UsageError for a file that is missing, larger than 512 MB, of another kind, or whose rows differ in length,
    and ToolMissingError without polars.
    """
    where = visible(shown(path))
    if not path.is_file():
        raise UsageError(f"there is no file '{where}'.")
    try:
        state = path.stat()
        key = (state.st_mtime_ns, state.st_size)
        if path in _CACHE and _CACHE[path][0] == key:
            return _CACHE[path][1]
        table = _read(path, where, state.st_size)
    except OSError as error:
        raise UsageError(f"{where} cannot be read ({error.strerror or error}).") from None
    _CACHE[path] = (key, table)
    return table


def _read(path: Path, where: str, size: int) -> Table:
    if size > MOST_BYTES:
        raise UsageError(
            f"{where} has {size:,} bytes; supported: {MOST_BYTES:,}. Take a part of it: some ten thousand rows, spread"
            " over all of them, are enough for a network of a microcontroller."
        )
    with path.open("rb") as file:
        start = file.read(6)
    if not start:
        raise UsageError(f"{where} is empty.")
    if start.startswith(b"PAR1"):
        return _of_parquet(path, where)
    if start.startswith(b"PK"):
        return _of_npz(path, where)
    if start.startswith(b"\x93NUMPY"):
        raise UsageError(f"{where} is a .npy array, whose columns have no names; save it as CSV or .npz.")
    return _of_csv(path, where)


def _of_csv(path: Path, where: str) -> Table:
    need_extra("train", f"reading {where}")
    import polars

    separator, header, is_named, skipped = _shape_of(path, where)
    try:
        frame = polars.read_csv(
            path,
            has_header=False,
            skip_rows=skipped + is_named,
            separator=separator,
            new_columns=header,
            infer_schema=False,
            raise_if_empty=False,
        )
    except polars.exceptions.PolarsError as error:
        raise UsageError(f"{where} is not readable as CSV ({visible(str(error).splitlines()[0])}).") from None
    if frame.height == 0:
        raise UsageError(f"{where} has a header row and no data.")
    columns = [column_of_texts(name, frame[name], with_commas=separator != ",") for name in header]
    return Table(where, columns, 1 + skipped + is_named, is_named=is_named)


def _shape_of(path: Path, where: str) -> tuple[str, list[str], bool, int]:
    """Separator, names of the columns, whether a header row gives them, lines before it: empty, or Excel's 'sep=;'.

    Every row is counted: polars would fill short ones with missing values, and a row that was cut or has another
    separator shall not pass as one.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            skipped, first = 0, file.readline(1 << 20)
            while first and not first.strip():
                skipped, first = skipped + 1, file.readline(1 << 20)
            if separator := excel_separator(first):
                skipped, first = skipped + 1, file.readline(1 << 20)
            if "\0" in first:
                raise UsageError(f"{where} is not a table: supported are CSV text in UTF-8, Parquet and .npz.")
            separator = separator or next((mark for mark in ("\t", ";", ",") if mark in first), ",")
            cells = [cell.strip() for cell in next(csv.reader([first], delimiter=separator), [])]
            _check_lengths(csv.reader(file, delimiter=separator), cells, separator, where, skipped + 1)
    except UnicodeDecodeError as error:
        raise UsageError(
            f"{where} is not text in UTF-8 (byte {error.object[error.start]:#04x}); save it as 'CSV UTF-8'."
        ) from None
    except csv.Error as error:
        raise UsageError(f"{where} is not readable as CSV ({error}).") from None
    if len(cells) > _MOST_COLUMNS:
        raise UsageError(f"{where} has {len(cells):,} columns; supported: {_MOST_COLUMNS:,}.")
    is_named = not any(map(_is_number, cells))
    names = [cell or f"column_{index}" for index, cell in enumerate(cells, 1)] if is_named else []
    names = names or [f"column_{index}" for index in range(1, len(cells) + 1)]
    if len(names) < 2:
        raise UsageError(f"{where} has one column; supported separators are commas, semicolons and tabs.")
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise UsageError(f"{where} has two columns named '{visible(twice)}'; rename one.")
    return separator, names, is_named, skipped


def excel_separator(line: str) -> str:
    """What a first line such as 'sep=;' tells Excel, or '' for any other line."""
    found = re.fullmatch(r"sep=([;,\t])", line.strip("\r\n"))
    return "" if found is None else found[1]


def _check_lengths(rows: Any, first: Sequence[str], separator: str, where: str, lines_before: int) -> None:
    count = len(first)
    for row in rows:
        if row and len(row) != count:
            line = rows.line_num + lines_before
            hint = _why_other_length(row, first, separator)
            values = "1 value" if len(row) == 1 else f"{len(row)} values"
            raise UsageError(f"{where}, line {line}: {values}, but the first row has {count}{hint}.")


def _why_other_length(row: Sequence[str], first: Sequence[str], separator: str) -> str:
    """The end of a sentence; '' if it cannot be told."""
    if first[0].startswith(_COMMENT):
        return "; the first row is a comment: remove it"
    if row[0].lstrip().startswith(_COMMENT):
        return "; this one is a comment: remove it"
    if len(row) < len(first):
        other = next((mark for mark in ";\t," if mark != separator and mark in "".join(row)), None)
        between = f"; other rows have {_mark(separator)} between values, and this one"
        return "" if other is None else f"{between} {_mark(other)}"
    if not row[-1].strip():
        return "; nothing follows the last separator: remove it"
    if separator == "," and all(re.fullmatch(r"\s*[-+]?\d+\s*", cell) for cell in row):
        return "; are its decimals commas? Then put semicolons between the values"
    return ""


def _mark(separator: str) -> str:
    return {",": "commas", ";": "semicolons", "\t": "tabs"}[separator]


def _is_number(text: str) -> bool:
    try:
        float(text.replace(",", "."))
    except ValueError:
        return False
    return True


def _of_parquet(path: Path, where: str) -> Table:
    need_extra("train", f"reading {where}")
    import polars

    try:
        scan = polars.scan_parquet(path)
        names = scan.collect_schema().names()
        values = int(scan.select(polars.len()).collect().item()) * len(names)
        if values > _MOST_VALUES:
            raise UsageError(f"{where} has {values:,} values; supported: {_MOST_VALUES:,}. Take a part of the rows.")
        frame = scan.collect()
    except polars.exceptions.PolarsError as error:
        raise UsageError(f"{where} is not a readable Parquet file ({visible(str(error).splitlines()[0])}).") from None
    if frame.height == 0 or not names:
        raise UsageError(f"{where} has no rows.")
    return Table(where, [_of_series(name, frame[name]) for name in names], 0)


def _of_series(name: str, series: polars.Series) -> Column:
    if series.dtype.is_numeric():
        import polars

        return column_of_values(name, series.cast(polars.Float64).fill_null(float("nan")).to_numpy())
    if series.dtype.is_nested():
        return Column(name, np.full(len(series), np.nan), kind="text")
    return column_of_texts(name, series, with_commas=False)


def _of_npz(path: Path, where: str) -> Table:
    """Each array of one axis is a column of its name; one of two axes gives x_0, x_1 ..."""
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
        if size > MOST_BYTES:
            raise UsageError(f"{where} unpacks to {size:,} bytes; supported: {MOST_BYTES:,}.")
        with np.load(path, allow_pickle=False) as arrays:
            columns = [column for name in arrays.files for column in _of_array(name, arrays[name], where)]
    except (ValueError, EOFError, zipfile.BadZipFile, KeyError, NotImplementedError, RuntimeError) as error:
        raise UsageError(
            f"{where} is not a readable .npz file ({visible(str(error)).rstrip('.')}); of a spreadsheet, save a CSV."
        ) from None
    lengths = {len(column.numbers) for column in columns}
    if len(lengths) != 1 or lengths == {0}:
        counts = ", ".join(f"{visible(column.name)} {len(column.numbers)}" for column in columns[:8]) or "nothing"
        raise UsageError(f"{where} must hold arrays of one length, of which each row is a sample; found: {counts}.")
    return Table(where, columns, 0)


def _of_array(name: str, array: Any, where: str) -> list[Column]:
    if array.dtype.kind not in "biufU" or array.ndim not in (1, 2):
        shape = ", ".join(map(str, array.shape))
        raise UsageError(
            f"{where}: array '{visible(name)}' is {array.dtype} of shape ({shape}); supported: numbers or text, one row"
            " per sample and one column per value. Of recordings, put all samples below one another and add an array"
            " with the recording's number."
        )
    if array.dtype.kind == "U":
        import polars

        return [column_of_texts(name, polars.Series(array.reshape(len(array), -1)[:, 0].tolist()), with_commas=False)]
    rows = array.reshape(len(array), -1).astype(np.float64)
    names = [name] if array.ndim == 1 else [f"{name}_{index}" for index in range(rows.shape[1])]
    return [column_of_values(one, rows[:, index]) for index, one in enumerate(names)]
