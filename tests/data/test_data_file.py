"""Samples from a file: windows, classes, missing values, and a split that leaks nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tinyml_pipeline.data.data_file import DataFile
from tinyml_pipeline.errors import SpecError, UsageError


def table(tmp_path: Path, rows: list[str], header: str = "rec,x,y,kind") -> Path:
    (tmp_path / "t.csv").write_text("\n".join([header, *rows]) + "\n")
    return tmp_path / "t.csv"


def recordings(tmp_path: Path, count: int = 20, rows: int = 10) -> Path:
    """x says the recording and the row: 100 * recording + row."""
    lines = [f"r{r},{100 * r + i},{r},{'ab'[r % 2]}" for r in range(count) for i in range(rows)]
    return table(tmp_path, lines)


def parts_of(path: Path, seed: int = 0, **options: Any) -> Any:
    given: dict[str, Any] = {"inputs": ("x",), "targets": ("y",), **options}
    return DataFile(path=path, **given).parts(np.random.default_rng(seed))


def test_rows_are_split_in_three_without_overlap_and_by_the_seed(tmp_path: Path) -> None:
    path = recordings(tmp_path)
    parts = parts_of(path)
    assert [part.inputs.shape for part in parts] == [(120, 1), (40, 1), (40, 1)]
    seen = np.concatenate([part.inputs[:, 0] for part in parts])
    assert len(np.unique(seen)) == 200
    again, other = parts_of(path), parts_of(path, seed=1)
    np.testing.assert_array_equal(parts[0].inputs, again[0].inputs)
    assert not np.array_equal(parts[0].inputs, other[0].inputs)
    for part in parts:
        np.testing.assert_array_equal(part.inputs // 100, part.targets)


def test_classes_are_one_hot_and_in_every_part(tmp_path: Path) -> None:
    rows = [f"{i},{i},{i},{'rare' if i % 10 == 0 else 'usual'}" for i in range(100)]
    parts = parts_of(table(tmp_path, rows), targets=("kind",), classes=("usual", "rare"))
    assert [part.targets.sum(axis=0).tolist() for part in parts] == [[54, 6], [18, 2], [18, 2]]
    for part in parts:
        np.testing.assert_array_equal(part.targets[:, 1], part.inputs[:, 0] % 10 == 0)


def test_windows_stay_in_their_recording_and_recordings_in_their_part(tmp_path: Path) -> None:
    path = recordings(tmp_path)
    parts = parts_of(path, group="rec", window=4, stride=3, targets=("kind",), classes=("a", "b"))
    of = [set((part.inputs[:, 0, 0] // 100).tolist()) for part in parts]
    assert [len(one) for one in of] == [12, 4, 4]
    assert not of[0] & of[1] | of[0] & of[2] | of[1] & of[2]
    for part in parts:
        assert part.inputs.shape[1:] == (4, 1)
        assert set((part.inputs[:, 0, 0] % 100).tolist()) == {0, 3, 6}
        np.testing.assert_array_equal(np.diff(part.inputs[:, :, 0], axis=1), 1)
        np.testing.assert_array_equal(part.targets[:, 1], part.inputs[:, 0, 0] // 100 % 2)


def test_no_row_of_one_recording_is_in_two_parts(tmp_path: Path) -> None:
    """107 rows in five sections of 20 and what is left; a window of 5 rows every 3."""
    parts = parts_of(table(tmp_path, [f"r,{i},{i},a" for i in range(107)]), window=5, stride=3)
    rows = [set(part.inputs.reshape(-1).astype(int).tolist()) for part in parts]
    assert not rows[0] & rows[1] | rows[0] & rows[2] | rows[1] & rows[2]
    sections = [{min(row // 20, 4) for row in one} for one in rows]
    assert [len(one) for one in sections] == [3, 1, 1]
    assert sum(len(part.inputs) for part in parts) == 4 * 6 + 8
    for part in parts:
        np.testing.assert_array_equal(np.diff(part.inputs[:, :, 0], axis=1), 1)
        np.testing.assert_array_equal(part.targets[:, 0], part.inputs[:, -1, 0])


def test_a_group_without_windows_keeps_rows_together(tmp_path: Path) -> None:
    parts = parts_of(recordings(tmp_path), group="rec")
    of = [set((part.inputs[:, 0] // 100).tolist()) for part in parts]
    assert sum(map(len, of)) == 20


def test_missing_values_are_dropped_or_become_the_median_of_the_training_part(tmp_path: Path) -> None:
    rows = [f"{i},{i if i % 5 else ''},{i if i % 7 else ''},a" for i in range(100)]
    path = table(tmp_path, rows)
    dropped = parts_of(path)
    assert sum(len(part.inputs) for part in dropped) == sum(bool(i % 5 and i % 7) for i in range(100))
    imputed = parts_of(path, missing="median")
    assert sum(len(part.inputs) for part in imputed) == sum(bool(i % 7) for i in range(100))
    given = [row for row in zip(imputed[0].inputs[:, 0], imputed[0].targets[:, 0], strict=True) if row[0] == row[1]]
    median = np.float32(np.median([x for x, _ in given]))
    for part in imputed:
        filled = part.inputs[:, 0] != part.targets[:, 0]
        assert filled.any()
        assert np.all(part.inputs[filled, 0] == median)


def test_readings_that_cannot_be_are_missing(tmp_path: Path) -> None:
    path = table(tmp_path, [f"{i},{-127 if i % 10 == 0 else i},{i},a" for i in range(50)])
    assert sum(len(part.inputs) for part in parts_of(path, valid={"x": (0, 100)})) == 45


REFUSED = {
    "unknown_column": ({"inputs": ("z",)}, "PATH has no column 'z'. There are: rec, x, y, kind."),
    "text_column": ({"inputs": ("kind",)}, "PATH: column 'kind' holds 'a', not numbers."),
    "long_window": (
        {"group": "rec", "window": 11},
        "PATH: a window of 11 rows is longer than every recording; the longest has 10 rows of one 'rec'.",
    ),
    "long_window_of_the_file": (
        {"window": 41},
        "PATH has 200 rows; windows of 41 rows of one recording take at least 205.",
    ),
    "new_class": (
        {"targets": ("kind",), "classes": ("b", "c")},
        "PATH, line 2: 'a' is not a class of 'kind'; the classes are: b, c.",
    ),
    "class_without_rows": (
        {"targets": ("kind",), "classes": ("a", "b", "c")}, "PATH: class 'c' has no row without missing values."),
    "nothing_left": ({"valid": {"x": (-2, -1)}}, "PATH: every row has a missing value; try missing='median'."),
    "nothing_left_to_take_the_median_of": (
        {"valid": {"x": (-2, -1)}, "missing": "median"}, "PATH: column 'x' has no value in the training part."),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_it_is_refused_in_one_line(case: str, tmp_path: Path) -> None:
    path = recordings(tmp_path)
    options, message = REFUSED[case]
    with pytest.raises(UsageError) as caught:
        parts_of(path, **options)
    assert str(caught.value) == message.replace("PATH", str(path))


def test_a_class_of_two_recordings_cannot_be_trained_stopped_and_judged(tmp_path: Path) -> None:
    lines = [f"r{r},{i},{r},{'rare' if r < 2 else 'usual'}" for r in range(20) for i in range(10)]
    with pytest.raises(UsageError, match="class 'rare' has 2 recordings without missing values"):
        parts_of(table(tmp_path, lines), group="rec", targets=("kind",), classes=("rare", "usual"))


def test_a_class_that_is_always_the_smaller_part_of_a_recording(tmp_path: Path) -> None:
    lines = [f"r{r},{i},{r},{'b' if r == 0 and i == 0 else 'a'}" for r in range(5) for i in range(10)]
    refused = set()
    for seed in range(10):
        try:
            parts_of(table(tmp_path, lines), seed, group="rec", targets=("kind",), classes=("a", "b"))
        except UsageError as error:
            refused.add(str(error).split(": ", 1)[1])
    assert refused == {
        "class 'b' is not in the training part: every recording that holds it holds more of another class."
    }


def test_contradictions_are_said_when_the_spec_is_read() -> None:
    with pytest.raises(SpecError, match="missing is 'mean'; it must be 'drop' or 'median'"):
        DataFile(path=Path("x"), inputs=("a",), targets=("b",), missing="mean")  # type: ignore[arg-type]
    with pytest.raises(SpecError, match="classes are those of one target, not of 2"):
        DataFile(path=Path("x"), inputs=("a",), targets=("b", "c"), classes=("p", "q"))
