"""A file of measurements as the data of a spec: which columns, which classes, which windows, and three parts of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from tinyml_pipeline.data.column import Column, FloatArray
from tinyml_pipeline.data.reading import Table, read_table
from tinyml_pipeline.data.split import Indices, split
from tinyml_pipeline.errors import SpecError, UsageError, visible
from tinyml_pipeline.models.spec import Dataset
from tinyml_pipeline.names import hint

Missing = Literal["drop", "median"]
MISSING: tuple[Missing, ...] = ("drop", "median")
_LEAST_SECTIONS, _MOST_SECTIONS = 5, 50


@dataclass(frozen=True, kw_only=True)
class DataFile:
    """Rows of a CSV, Parquet or .npz file: the columns `inputs` predict the columns `targets`.

    With `classes`, the names that the one target column holds, targets are one-hot in that order; without, they are
    numbers. With `window`, a sample is that many rows of one recording, which `group` numbers, and the next one begins
    `stride` rows later; its target is that of its last row. Without a group the file is one recording, which is cut
    into sections (see `section_rows`) that are split like recordings. `valid` has the lowest and highest true reading
    of a column: others are missing. Samples with missing values are dropped, or get the column's median of the training
    part; a missing target is always dropped.

    `training`, `validation` and `test` are the functions of a spec: three fifths, one fifth and one fifth of the
    samples, of every class, whole recordings together; the same split for the same seed.
    """

    path: Path
    inputs: tuple[str, ...]
    targets: tuple[str, ...]
    classes: tuple[str, ...] = ()
    group: str = ""
    window: int = 0
    stride: int = 1
    missing: Missing = "drop"
    valid: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.missing not in MISSING:
            raise SpecError(f"DataFile: missing is {self.missing!r}; it must be 'drop' or 'median'.")
        if self.window < 0 or self.stride < 1:
            raise SpecError(f"DataFile: window {self.window} and stride {self.stride} must be positive.")
        if self.classes and len(self.targets) != 1:
            raise SpecError(f"DataFile: classes are those of one target, not of {len(self.targets)}.")

    def training(self, random: np.random.Generator) -> Dataset:
        """Inputs (samples, columns) or (samples, window, columns), targets (samples, targets or classes)."""
        return self.parts(random)[0]

    def validation(self, random: np.random.Generator) -> Dataset:
        """As `training`, of what stops the training."""
        return self.parts(random)[1]

    def test(self, random: np.random.Generator) -> Dataset:
        """As `training`, of what judges the trained network."""
        return self.parts(random)[2]

    def parts(self, random: np.random.Generator) -> tuple[Dataset, Dataset, Dataset]:
        """All three. Raises UsageError, in one line, for a file that does not have what is asked of it."""
        table, values, targets, samples, rows = self._split(random)
        answers = targets[samples[:, -1]]
        if self.missing == "median":
            values = np.where(np.isnan(values), self._medians(values, samples[rows[0]], table), values)
        found = [
            Dataset(self._shaped(values[samples[part]]).astype(np.float32), answers[part].astype(np.float32))
            for part in rows
        ]
        return found[0], found[1], found[2]

    def medians(self, random: np.random.Generator) -> FloatArray:
        """Of each input in the training part: what takes the place of missing values if `missing` says so."""
        table, values, _, samples, rows = self._split(random)
        return self._medians(values, samples[rows[0]], table)

    def inputs_of(self, table: Table) -> FloatArray:
        """(rows, inputs) of any table that has the columns, NaN where a value is missing or not valid."""
        return self.only_valid(np.stack([self._column(table, name) for name in self.inputs], axis=1))

    def only_valid(self, values: FloatArray) -> FloatArray:
        """(rows, inputs), NaN where a reading is outside of what is valid of its column."""
        low, high = np.array([self.valid.get(name, (-np.inf, np.inf)) for name in self.inputs]).T
        return np.where((values >= low) & (values <= high), values, np.nan)

    def _split(
        self, random: np.random.Generator
    ) -> tuple[Table, FloatArray, FloatArray, npt.NDArray[np.intp], tuple[Indices, Indices, Indices]]:
        """The table, its inputs and targets, the rows of each usable sample, and the samples of each part."""
        table = read_table(Path(self.path))
        values, targets = self.inputs_of(table), self._targets(table)
        samples, units = self._samples(table)
        usable = ~has_missing(targets[samples[:, -1]])
        if self.missing == "drop":
            usable &= ~has_missing(values[samples])
        samples = samples[usable]
        if len(samples) == 0:
            raise UsageError(f"{table.where}: every {self._unit} has a missing value; try missing='median'.")
        answers = targets[samples[:, -1]]
        labels = [self.classes[row] for row in answers.argmax(axis=1)] if self.classes else ["all"] * len(samples)
        absent = next((name for name in self.classes if name not in labels), None)
        if absent is not None:
            raise UsageError(f"{table.where}: class '{visible(absent)}' has no {self._unit} without missing values.")
        kept = None if units is None else [unit for unit, is_used in zip(units, usable, strict=True) if is_used]
        unit = "recording" if self.group else "section" if self.window else "row"
        rows = split(kept, labels, random, table.where, unit)
        return table, values, targets, samples, rows

    @property
    def _unit(self) -> str:
        return "window" if self.window else "row"

    def _shaped(self, values: FloatArray) -> FloatArray:
        return values if self.window else values[:, 0]

    def _column(self, table: Table, name: str) -> FloatArray:
        column = self._known(table, name)
        if column.kind != "number":
            word = next((text for text in column.texts if text), "nothing")
            raise UsageError(f"{table.where}: column '{visible(name)}' holds '{visible(word)}', not numbers.")
        return column.numbers

    @staticmethod
    def _known(table: Table, name: str) -> Column:
        if name not in table.columns:
            known = [visible(one) for one in table.columns]
            raise UsageError(f"{table.where} has no column '{visible(name)}'. {hint(visible(name), known)}")
        return table.columns[name]

    def _targets(self, table: Table) -> FloatArray:
        if not self.classes:
            return np.stack([self._column(table, name) for name in self.targets], axis=1)
        labels = self._known(table, self.targets[0]).labels()
        position = {name: index for index, name in enumerate(self.classes)}
        one_hot = np.eye(len(self.classes))
        rows = np.full((len(labels), len(self.classes)), np.nan)
        for row, label in enumerate(labels):
            if label and label not in position:
                raise UsageError(
                    f"{table.place(row)}: '{visible(label)}' is not a class of '{visible(self.targets[0])}'; the"
                    f" classes are: {visible(', '.join(self.classes))}."
                )
            if label:
                rows[row] = one_hot[position[label]]
        return rows

    def _samples(self, table: Table) -> tuple[npt.NDArray[np.intp], list[str] | None]:
        """The rows of each sample, (samples, window or 1), and the recording of each sample."""
        labels = self._known(table, self.group).labels() if self.group else None
        if not self.window:
            return np.arange(table.rows)[:, None], labels
        if labels is None:
            length = section_rows(table, self.window)
            last = table.rows // length - 1  # takes the rows that are left over as well
            labels = [f"{min(row // length, last)}" for row in range(table.rows)]
        recordings: dict[str, list[int]] = {}
        for row, label in enumerate(labels):
            if label:
                recordings.setdefault(label, []).append(row)
        longest = max(map(len, recordings.values()), default=0)
        if longest < self.window:
            raise UsageError(
                f"{table.where}: a window of {self.window} rows is longer than every recording; the longest has"
                f" {longest} rows of one '{visible(self.group)}'."
            )
        samples, units = [], []
        for label, rows in recordings.items():
            starts = range(0, len(rows) - self.window + 1, self.stride)
            samples += [rows[start : start + self.window] for start in starts]
            units += [label] * len(starts)
        return np.array(samples, np.intp), units

    def _medians(self, values: FloatArray, training: npt.NDArray[np.intp], table: Table) -> FloatArray:
        seen = values[np.unique(training)]
        empty = np.isnan(seen).all(axis=0)
        if empty.any():
            name = self.inputs[int(empty.argmax())]
            raise UsageError(f"{table.where}: column '{visible(name)}' has no value in the training part.")
        return np.asarray(np.nanmedian(seen, axis=0), np.float64)


def section_rows(table: Table, window: int) -> int:
    """How long a section of a recording is that trains, or stops the training, or judges: four windows or more.

    No window is of two of them, so that no row both trains and judges. Raises UsageError for less than five windows.
    """
    length = max(table.rows // _MOST_SECTIONS, min(4 * window, table.rows // _LEAST_SECTIONS))
    if length < window:
        raise UsageError(
            f"{table.where} has {table.rows:,} rows; windows of {window} rows of one recording take at least"
            f" {_LEAST_SECTIONS * window:,}."
        )
    return length


def has_missing(values: FloatArray) -> npt.NDArray[np.bool_]:
    """(n,), whether a value is missing, for each of `values` of shape (n, ...)."""
    return np.asarray(np.isnan(values).any(axis=tuple(range(1, values.ndim))), np.bool_)


def label_counts(labels: Sequence[str]) -> dict[str, int]:
    """How often each label stands there, in a natural order (2 before 10); '' is no label."""
    counts: dict[str, int] = {}
    for label in labels:
        if label:
            counts[label] = counts.get(label, 0) + 1
    return {label: counts[label] for label in sorted(counts, key=_natural)}


def _natural(label: str) -> tuple[bool, float, str]:
    try:
        return False, float(label), label
    except ValueError:
        return True, 0.0, label
