"""What is in the columns of a table: ranges, missing values, impossible readings, and what no network can use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from tinyml_pipeline.data.column import Column, FloatArray
from tinyml_pipeline.data.reading import Table

Flags = npt.NDArray[np.bool_]
ColumnKind = Literal["number", "text", "date", "constant", "order", "empty"]
_LEAST_ROWS = 20
_MOST_IMPOSSIBLE_SHARE = 0.2
_FEW_VALUES = 10
_MOST_CODES = 3


@dataclass(frozen=True)
class ColumnFacts:
    """One column. `low` and `high` are those of its valid readings; `valid` is given where others are impossible.

    `order` is a column that only counts the rows or tells the time: it grows from row to row.
    """

    name: str
    kind: ColumnKind
    missing: int
    low: float = np.nan
    high: float = np.nan
    distinct: int = 0
    valid: tuple[float, float] | None = None
    impossible: tuple[tuple[float, int], ...] = ()
    """Readings far from all others, such as -127 of a sensor that is unplugged, and how many there are of each."""
    odd: str = ""
    """A text among the numbers, which counts as missing."""


def look_at(table: Table, group: str = "") -> list[ColumnFacts]:
    """The facts of every column; rows of one `group` are a recording, in which time begins anew."""
    begins = _begins(table.columns[group]) if group in table.columns else np.arange(table.rows) == 0
    return [_facts(column, begins) for column in table.columns.values()]


def _facts(column: Column, begins: Flags) -> ColumnFacts:
    missing = int(column.missing.sum())
    if missing == len(column.numbers):
        return ColumnFacts(column.name, "empty", missing)
    if column.kind != "number":
        distinct = len(set(column.texts) - {""})
        return ColumnFacts(column.name, column.kind, missing, distinct=distinct)
    numbers = column.numbers[~column.missing]
    codes = impossible_readings(numbers)
    usual = numbers[~np.isin(numbers, [value for value, _ in codes])]
    low, high, distinct = float(usual.min()), float(usual.max()), len(np.unique(usual))
    kind: ColumnKind = "constant" if distinct == 1 else "order" if _is_order(column, begins) else "number"
    valid = (low, high) if codes else None
    return ColumnFacts(column.name, kind, missing, low, high, distinct, valid, codes, column.odd)


def impossible_readings(numbers: FloatArray) -> tuple[tuple[float, int], ...]:
    """Values at either end that are further from their neighbour than all others span; how often each occurs.

    That is what -127, -999 or 65535 look like, with which sensors and loggers say that there is no reading. A column
    of few different values has none: classes and switches look like that.
    """
    values, counts = np.unique(numbers, return_counts=True)
    found: list[tuple[float, int]] = []
    while len(found) < _MOST_CODES and len(values) > _FEW_VALUES:
        at_low, at_high = values[1] - values[0], values[-1] - values[-2]
        index = 0 if at_low >= at_high else len(values) - 1
        rest = np.delete(values, index)
        if max(at_low, at_high) <= rest[-1] - rest[0]:
            break
        found.append((float(values[index]), int(counts[index])))
        values, counts = rest, np.delete(counts, index)
    is_few = sum(count for _, count in found) <= _MOST_IMPOSSIBLE_SHARE * len(numbers)
    return tuple(found) if is_few else ()


def _is_order(column: Column, begins: Flags) -> bool:
    if column.missing.any() or len(column.numbers) < _LEAST_ROWS:
        return False
    grows = np.diff(column.numbers) > 0
    return bool(np.all(grows | begins[1:]) and np.count_nonzero(~begins) > len(begins) // 2)


def _begins(group: Column) -> Flags:
    labels = group.labels()
    return np.array([index == 0 or label != labels[index - 1] for index, label in enumerate(labels)])


def usable(facts: Sequence[ColumnFacts], besides: Sequence[str]) -> list[ColumnFacts]:
    """The columns that can be inputs of a network."""
    return [one for one in facts if one.kind == "number" and one.name not in besides]
