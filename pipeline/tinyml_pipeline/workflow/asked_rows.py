"""The rows that `tinyml predict --data` answers: of the columns that trained the model, or of plain numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tinyml_pipeline.data.data_file import DataFile, has_missing
from tinyml_pipeline.data.reading import read_table
from tinyml_pipeline.errors import UsageError, visible
from tinyml_pipeline.models.spec import Spec
from tinyml_pipeline.show.report import progress
from tinyml_pipeline.wording import counted
from tinyml_pipeline.workflow.data_rows import FLOAT32_MAX, STANDARD_INPUT, Rows, read_rows, why_not_float32
from tinyml_pipeline.workflow.samples import csv_header


@dataclass(frozen=True, eq=False)
class NumberedRows:
    """`values` are (n, values) finite numbers, n at least 1. `numbers` says where each stands in its file: the first
    row of data is 1; of a window, that of its first row."""

    values: Rows
    numbers: tuple[int, ...]


def asked_rows(spec: Spec, names: list[str], source: str, usage: str) -> NumberedRows:
    """The rows of a file, or of standard input ('-').

    A file whose columns have names is read as the spec's DataFile reads its own, if there is one; see `read_rows` for
    all others. Rows with missing values are left out, which is said, or get what the DataFile puts there. Raises
    UsageError if no row is left.
    """
    data = data_file_of(spec)
    if data is not None and (data.window or len(data.inputs) != len(names)):
        data = None  # the spec was changed, and takes other values than the columns
    if data is not None and _has_named_columns(source):
        table = read_table(Path(source))
        rows = data.inputs_of(table)
        if len(beyond := np.argwhere(np.abs(rows) > FLOAT32_MAX)):
            number = float(rows[tuple(beyond[0])])
            raise UsageError(f"{table.place(int(beyond[0][0]))}: '{number:g}' is {why_not_float32(number)}; {usage}")
    else:
        rows = read_rows(source, names, usage, by_name=True)
        rows = rows if data is None else data.only_valid(rows)
    where = "standard input" if source == STANDARD_INPUT else visible(source)
    return without_missing(spec, rows, range(1, len(rows) + 1), where, "row")


def without_missing(spec: Spec, rows: Rows, numbers: Sequence[int], where: str, unit: str) -> NumberedRows:
    """(n, columns) or (n, rows, columns) with missing values filled in as in training, else left out and counted.

    `unit` is what each is called: a row or a window.
    """
    data = data_file_of(spec)
    if not np.isnan(rows).any():
        return _numbered(rows, numbers)
    if data is not None and data.missing == "median":
        medians = data.medians(np.random.default_rng(spec.seed))
        progress.say(f"{spec.name}: missing values are the medians of the training part")
        return _numbered(np.where(np.isnan(rows), medians, rows), numbers)
    is_whole = ~has_missing(rows)
    if not is_whole.any():
        raise UsageError(f"{where}: every {unit} has a missing value.")
    lost = int(np.count_nonzero(~is_whole))
    have = "has" if lost == 1 else "have"
    first = f"{'is' if unit == 'row' else 'begins with'} row {numbers[int(is_whole.argmin())]:,}"
    progress.say(
        f"{spec.name}: {lost:,} of {counted(len(rows), unit)} {have} missing values and {'is' if lost == 1 else 'are'}"
        f" left out; the first {first}"
    )
    return _numbered(rows[is_whole], [numbers[index] for index in np.flatnonzero(is_whole)])


def _numbered(rows: Rows, numbers: Sequence[int]) -> NumberedRows:
    return NumberedRows(rows.reshape(len(rows), -1), tuple(numbers))


def data_file_of(spec: Spec) -> DataFile | None:
    """What the spec's data are read with, if that is a DataFile."""
    data = getattr(getattr(spec, "data", None), "__self__", None)  # of DataFile.training
    return data if isinstance(data, DataFile) else None


def _has_named_columns(source: str) -> bool:
    """Whether `read_table` reads it by name: a binary table, or CSV of several columns with a header row."""
    path = Path(source)
    if source == STANDARD_INPUT or not path.is_file():
        return False
    with path.open("rb") as file:
        start = file.read(4)
    return start.startswith((b"PAR1", b"PK")) or len(csv_header(path)) > 1
