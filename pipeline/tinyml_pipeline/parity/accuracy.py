"""What a classifier gets right: Keras and int8 on the same test data, in percent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Accuracy:
    """One row of a report: of `vectors` samples Keras has `keras_right` right, the int8 model `int8_right`.

    Passed where Keras reaches `least_percent`, and int8 loses at most `most_points` percentage points against it.
    """

    vectors: int
    keras_right: int
    int8_right: int
    least_percent: float
    most_points: float
    name: str = "accuracy"

    @property
    def keras_percent(self) -> float:
        return 100 * self.keras_right / self.vectors

    @property
    def int8_percent(self) -> float:
        return 100 * self.int8_right / self.vectors

    @property
    def passed(self) -> bool:
        lost = 100 * (self.keras_right - self.int8_right)  # times `vectors`: exact where a quotient would round
        enough = 100 * self.keras_right >= self.least_percent * self.vectors
        return enough and lost <= self.most_points * self.vectors

    @property
    def summary(self) -> str:
        return (
            f"Keras {self.keras_percent:.2f} %, int8 {self.int8_percent:.2f} % of {self.vectors:,} test samples;"
            f" wanted {self.least_percent:g} % and at most {self.most_points:g} points less"
        )

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "kind": "accuracy",
            "passed": self.passed,
            "vectors": self.vectors,
            "keras_percent": self.keras_percent,
            "int8_percent": self.int8_percent,
            "least_percent": self.least_percent,
            "most_points": self.most_points,
        }


def compare_accuracy(
    targets: FloatArray, keras: FloatArray, int8: FloatArray, least_percent: float, most_points: float
) -> Accuracy:
    """Count what is right: the largest of several outputs, or one output on the target's side of a half.

    All arrays are (samples, outputs) in real units; where int8 gives two classes the same value, the first counts.
    """
    wanted = classes(targets)
    keras_right, int8_right = (int((classes(values) == wanted).sum()) for values in (keras, int8))
    return Accuracy(len(targets), keras_right, int8_right, least_percent, most_points)


def classes(values: FloatArray) -> npt.NDArray[np.intp]:
    """The class of each row: the position of its largest value, or, of a single value, 1 above a half and else 0."""
    rows = values.reshape(len(values), -1)
    if rows.shape[1] == 1:
        return (rows[:, 0] > 0.5).astype(np.intp)
    largest: npt.NDArray[np.intp] = rows.argmax(axis=1)
    return largest
