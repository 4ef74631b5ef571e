"""What is seen in columns: readings that cannot be, what only counts, and what nothing can be learnt from."""

from __future__ import annotations

import numpy as np
import pytest
from tinyml_pipeline.data.column import Column
from tinyml_pipeline.data.look import impossible_readings, look_at
from tinyml_pipeline.data.reading import Table

RANDOM = np.random.default_rng(0)
USUAL = RANDOM.normal(20, 5, 200).round(1)


@pytest.mark.parametrize(
    ("more", "found"),
    [
        ([], ()),
        ([-127.0] * 7, ((-127.0, 7),)),
        ([-127.0, -127.0, 85.0], ((-127.0, 2), (85.0, 1))),
        ([65535.0], ((65535.0, 1),)),
        ([40.0], ()),  # a warm day
        ([-127.0] * 100, ()),  # a third of all: these are readings
    ],
)
def test_impossible_readings(more: list[float], found: tuple[tuple[float, int], ...]) -> None:
    assert sorted(impossible_readings(np.append(USUAL, more))) == sorted(found)


def test_classes_and_switches_have_no_impossible_readings() -> None:
    assert impossible_readings(np.repeat([0.0, 1.0, 100.0], [50, 50, 1])) == ()


def test_heavy_tails_have_none() -> None:
    assert impossible_readings(RANDOM.lognormal(0, 1, 500)) == ()


def test_kinds_of_columns() -> None:
    rows = 60
    group = np.repeat([1.0, 2.0, 3.0], 20)
    columns = {
        "group": group,
        "index": np.arange(rows),
        "time": np.tile(np.arange(20), 3) / 50,
        "same": np.full(rows, 7.0),
        "none": np.full(rows, np.nan),
        "value": RANDOM.normal(0, 1, rows),
    }
    table = Table("t", [Column(name, np.asarray(values, float)) for name, values in columns.items()], 0)
    kinds = {one.name: one.kind for one in look_at(table, "group")}
    assert kinds == {
        "group": "number",
        "index": "order",
        "time": "order",
        "same": "constant",
        "none": "empty",
        "value": "number",
    }
    assert {one.name: one.kind for one in look_at(table)}["time"] == "number", "it begins anew without a reason"


def test_the_range_is_that_of_the_valid_readings() -> None:
    table = Table("t", [Column("x", np.append(USUAL, [-127.0, np.nan]))], 0)
    (facts,) = look_at(table)
    assert (facts.low, facts.high, facts.missing) == (USUAL.min(), USUAL.max(), 1)
    assert facts.valid == (USUAL.min(), USUAL.max())
