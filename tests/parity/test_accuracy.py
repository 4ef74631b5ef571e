"""What counts as right, and where a classifier fails."""

from __future__ import annotations

import numpy as np
import pytest
from tinyml_pipeline.parity.accuracy import Accuracy, classes, compare_accuracy

CLASSES = {
    "largest of three": ([[0.1, 0.7, 0.2], [0.5, 0.2, 0.3]], [1, 0]),
    "the first of equals": ([[0.2, 0.4, 0.4]], [1]),
    "one output, at a half": ([[0.0], [0.5], [0.502], [1.0]], [0, 0, 1, 1]),
}


@pytest.mark.parametrize("case", CLASSES.values(), ids=CLASSES.keys())
def test_classes(case: tuple[list[list[float]], list[int]]) -> None:
    values, wanted = case
    found = classes(np.array(values, np.float32))
    np.testing.assert_array_equal(found, wanted)
    assert found.dtype == np.intp


def test_counts_each_against_the_targets() -> None:
    targets = np.eye(4, dtype=np.float32)
    int8 = np.roll(targets, 1, axis=1)
    int8[0] = targets[0]
    found = compare_accuracy(targets, targets, int8, 96, 0.5)
    assert (found.vectors, found.keras_right, found.int8_right) == (4, 4, 1)
    assert not found.passed
    assert found.summary == ("Keras 100.00 %, int8 25.00 % of 4 test samples; wanted 96 % and at most 0.5 points less")


def test_a_row_of_accuracy() -> None:
    row = Accuracy(1200, 900, 888, 70, 1.5)
    assert row.summary == "Keras 75.00 %, int8 74.00 % of 1,200 test samples; wanted 70 % and at most 1.5 points less"
    assert row.to_json() == {
        "name": "accuracy", "kind": "accuracy", "passed": True, "vectors": 1200, "keras_percent": 75.0,
        "int8_percent": 74.0, "least_percent": 70, "most_points": 1.5,
    }  # fmt: skip


def test_samples_of_any_shape() -> None:
    assert classes(np.array([[[0, 1], [2, 0]], [[4, 1], [2, 0]]], np.float32)).tolist() == [2, 0]
    assert compare_accuracy(np.eye(2), np.eye(2), np.eye(2), 96, 0.25) == Accuracy(2, 2, 2, 96, 0.25)


VERDICTS = {
    "exactly enough, exactly the most lost": (192, 191, True),
    "better in int8": (192, 200, True),
    "one image too few": (191, 191, False),
    "one too many lost": (200, 198, False),
}


@pytest.mark.parametrize("case", VERDICTS.values(), ids=VERDICTS.keys())
def test_verdict(case: tuple[int, int, bool]) -> None:
    keras, int8, passed = case
    assert Accuracy(200, keras, int8, 96, 0.5).passed is passed
