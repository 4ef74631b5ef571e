"""What is in the columns of a table: ranges, missing values, impossible readings, and what no network can use."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from tinyml_pipeline.data.column import Column, FloatArray
from tinyml_pipeline.data.reading import Table

Flags = npt.NDArray[np.bool_]
ColumnKind = Literal["number", "text", "date", "constant", "order", "time", "recording", "empty"]
Nearly = Literal["", "comma", "unit"]
_LEAST_ROWS = 20
_MOST_IMPOSSIBLE_SHARE = 0.2
_FEW_VALUES = 10
_MOST_CODES = 3
_MOST_OTHER_SHARE = 0.1
_LEAST_RUNS = 3
_LEAST_RUN_ROWS = 5
_TIME = re.compile(r"time.*|t|timestamp|ms", re.IGNORECASE)
_NEARLY: tuple[tuple[Nearly, re.Pattern[str]], ...] = (
    ("comma", re.compile(r"[-+]?\d+,\d+")),
    ("unit", re.compile(r"[-+]?\d+([.,]\d+)?\s*[^\d\s.,:;/-]{1,5}")),
)


@dataclass(frozen=True)
class ColumnFacts:
    """One column. `low` and `high` are those of its valid readings; `valid` is given where others are impossible.

    `order` is a column that only counts the rows or tells the time: it grows from row to row. `time` has the name of
    one, and never falls. `recording` has one run of rows for each whole number.
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
    """A text among the numbers, which counts as missing; of `nearly`, the first."""
    nearly: Nearly = ""
    """What makes text of the numbers that a column holds: a comma in each, or a unit."""


def look_at(table: Table, group: str = "", target: str = "") -> list[ColumnFacts]:
    """The facts of every column; rows of one `group` are a recording, in which time begins anew.

    Without a group, a column that looks like one is looked for if the target is text: recordings of gestures or words.
    """
    is_text = target in table.columns and table.columns[target].kind == "text"
    found = next((one for one in table.columns.values() if _is_recording(one)), None) if is_text and not group else None
    unit = found or table.columns.get(group)
    begins = np.arange(table.rows) == 0 if unit is None else _begins(unit)
    return [_facts(column, begins, is_recording=column is found) for column in table.columns.values()]


def _facts(column: Column, begins: Flags, *, is_recording: bool) -> ColumnFacts:
    missing = int(column.missing.sum())
    if missing == len(column.numbers):
        return ColumnFacts(column.name, "empty", missing)
    if column.kind != "number":
        distinct, nearly = len(set(column.texts) - {""}), _nearly(column)
        first = next((text for text in column.texts if text), "") if nearly else ""
        return ColumnFacts(column.name, column.kind, missing, distinct=distinct, odd=first, nearly=nearly)
    numbers = column.numbers[~column.missing]
    codes = impossible_readings(numbers)
    usual = numbers[~np.isin(numbers, [value for value, _ in codes])]
    low, high, distinct = float(usual.min()), float(usual.max()), len(np.unique(usual))
    valid = (low, high) if codes else None
    kind: ColumnKind = "number"
    if distinct == 1:
        kind = "constant"
    elif is_recording:
        kind = "recording"
    elif _is_order(column, begins):
        kind = "order"
    elif _TIME.fullmatch(column.name) and not column.missing.any() and _never_falls(column, begins):
        kind = "time"
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


def _never_falls(column: Column, begins: Flags) -> bool:
    return bool(np.all((np.diff(column.numbers) >= 0) | begins[1:]))


def _is_recording(column: Column) -> bool:
    """Whole numbers from 0 on, each in one run of rows."""
    numbers = column.numbers
    if column.kind != "number" or np.isnan(numbers).any() or np.any((numbers < 0) | (numbers % 1 != 0)):
        return False
    runs = int(np.count_nonzero(np.diff(numbers))) + 1
    least = 2 if column.name == "recording" else _LEAST_RUNS
    return least <= runs == len(np.unique(numbers)) and len(numbers) >= runs * _LEAST_RUN_ROWS


def _nearly(column: Column) -> Nearly:
    given = [text for text in column.texts if text]
    for nearly, pattern in _NEARLY:
        if sum(pattern.fullmatch(text) is not None for text in given) >= (1 - _MOST_OTHER_SHARE) * len(given):
            return nearly
    return ""


def _begins(group: Column) -> Flags:
    labels = group.labels()
    return np.array([index == 0 or label != labels[index - 1] for index, label in enumerate(labels)])


def usable(facts: Sequence[ColumnFacts], besides: Sequence[str]) -> list[ColumnFacts]:
    """The columns that can be inputs of a network."""
    return [one for one in facts if one.kind == "number" and one.name not in besides]
