"""What a classifier gets right, Keras and int8 on the same data, and on how many samples both decide alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyml_pipeline.parity.metrics import Table

FloatArray = npt.NDArray[np.float32]
Counts = npt.NDArray[np.intp]
MOST_LISTED_CLASSES = 12
MOST_CHANGED_PERCENT = 2.0
"""Of real samples: how many int8 may decide otherwise than Keras where the right answers are not known."""
MOST_CHANGED_ELSEWHERE_PERCENT = 10.0
"""The same of made-up inputs, on which many networks can hardly decide."""


@dataclass(frozen=True)
class Confusion:
    """Counts (classes, classes): row = the right class, column = the answer; of Keras and of int8."""

    names: tuple[str, ...]
    keras: Counts
    int8: Counts

    def f1(self) -> Table:
        """Of each class the F1 score, 0 to 1, and how many samples it has."""
        rows = [
            (name, f"{keras:.3f}", f"{int8:.3f}", f"{count:,}")
            for name, keras, int8, count in zip(
                self.names, _f1(self.keras), _f1(self.int8), self.keras.sum(axis=1).tolist(), strict=True
            )
        ]
        return Table(("class", "F1 Keras", "F1 int8", "samples"), tuple(rows))

    def answers(self) -> Table:
        """What int8 answers to the samples of each class."""
        rows = [(name, *map(str, counts)) for name, counts in zip(self.names, self.int8.tolist(), strict=True)]
        return Table(("int8 answers", *self.names), tuple(rows))


@dataclass(frozen=True)
class Accuracy:
    """One row of a report: of `vectors` samples Keras has `keras_right` right, the int8 model `int8_right`.

    Passed where Keras reaches `least_percent`, and int8 loses at most `most_points` percentage points against it;
    without a `least_percent`, one sample may always be lost.
    """

    vectors: int
    keras_right: int
    int8_right: int
    least_percent: float | None
    most_points: float
    name: str = "accuracy"
    source: str = "test"
    """What the samples are: test, validation or training."""
    confusion: Confusion | None = None
    cause: str = ""
    """Why it failed, and what helps: sentences."""

    @property
    def keras_percent(self) -> float:
        return 100 * self.keras_right / self.vectors

    @property
    def int8_percent(self) -> float:
        return 100 * self.int8_right / self.vectors

    @property
    def passed(self) -> bool:
        lost = 100 * (self.keras_right - self.int8_right)  # times `vectors`: exact where a quotient would round
        if self.least_percent is None:
            return lost <= max(self.most_points * self.vectors, 100)
        enough = 100 * self.keras_right >= self.least_percent * self.vectors
        return enough and lost <= self.most_points * self.vectors

    @property
    def summary(self) -> str:
        wanted = "" if self.least_percent is None else f"{self.least_percent:g} % and "
        return (
            f"Keras {self.keras_percent:.2f} %, int8 {self.int8_percent:.2f} % of {self.vectors:,} {self.source}"
            f" samples; wanted {wanted}at most {self.most_points:g} points less"
        )

    @property
    def tables(self) -> tuple[Table, ...]:
        return () if self.confusion is None else (self.confusion.f1(), self.confusion.answers())

    def to_json(self) -> dict[str, Any]:
        confusion = {} if self.confusion is None else {
            "classes": list(self.confusion.names),
            "f1": {key: _f1(getattr(self.confusion, key)) for key in ("keras", "int8")},
            "confusion": {key: getattr(self.confusion, key).tolist() for key in ("keras", "int8")},
            "tables": [table.to_json() for table in self.tables],
        }  # fmt: skip
        return {
            "name": self.name,
            "kind": "accuracy",
            "passed": self.passed,
            "vectors": self.vectors,
            "keras_percent": self.keras_percent,
            "int8_percent": self.int8_percent,
            "least_percent": self.least_percent,
            "most_points": self.most_points,
            **({} if self.source == "test" else {"source": self.source}),
            **({"cause": self.cause} if self.cause else {}),
            **confusion,
        }


@dataclass(frozen=True)
class Decisions:
    """One row of a report: on how many inputs int8 names another class than Keras. One may always differ."""

    vectors: int
    changed: int
    most_percent: float
    name: str = "decisions"
    cause: str = ""

    @property
    def passed(self) -> bool:
        return 100 * self.changed <= max(self.most_percent * self.vectors, 100)

    @property
    def summary(self) -> str:
        alike = self.vectors - self.changed
        return f"int8 decides as Keras on {alike:,} of {self.vectors:,} inputs; {self.most_percent:g} % may differ"

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "kind": "decisions",
            "passed": self.passed,
            "vectors": self.vectors,
            "changed": self.changed,
            "most_percent": self.most_percent,
            **({"cause": self.cause} if self.cause else {}),
        }


def compare_accuracy(
    targets: FloatArray,
    keras: FloatArray,
    int8: FloatArray,
    least_percent: float | None,
    most_points: float,
    source: str = "test",
    names: Sequence[str] = (),
) -> Accuracy:
    """Count what is right: the largest of several outputs, or one output on the target's side of a half.

    All arrays are (samples, outputs) in real units, targets also class numbers of several outputs; where int8 gives two
    classes the same value, the first counts. With `names` of the classes, also what is mistaken for what.
    """
    numbered = keras.reshape(len(keras), -1).shape[1] > 1 and targets.size == len(targets)
    wanted = targets.reshape(-1).astype(np.intp) if numbered else classes(targets)
    found = [classes(values) for values in (keras, int8)]
    keras_right, int8_right = (int((answers == wanted).sum()) for answers in found)
    confusion = None
    if 2 <= len(names) <= MOST_LISTED_CLASSES and wanted.max() < len(names):
        confusion = Confusion(tuple(names), *(_confusion(wanted, answers, len(names)) for answers in found))
    counts = len(targets), keras_right, int8_right
    return Accuracy(*counts, least_percent, most_points, source=source, confusion=confusion)


def compare_decisions(keras: FloatArray, int8: FloatArray, most_percent: float, name: str = "decisions") -> Decisions:
    """Arrays (samples, outputs) in real units; Keras must have been given what int8 was."""
    return Decisions(len(keras), int((classes(keras) != classes(int8)).sum()), most_percent, name)


def classes(values: FloatArray) -> npt.NDArray[np.intp]:
    """The class of each row: the position of its largest value, or, of a single value, 1 above a half and else 0."""
    rows = values.reshape(len(values), -1)
    if rows.shape[1] == 1:
        return (rows[:, 0] > 0.5).astype(np.intp)
    largest: npt.NDArray[np.intp] = rows.argmax(axis=1)
    return largest


def _confusion(wanted: Counts, answers: Counts, count: int) -> Counts:
    return np.bincount(wanted * count + answers, minlength=count * count).reshape(count, count)


def _f1(confusion: Counts) -> list[float]:
    """2 TP / (2 TP + FP + FN) of each class; 0 for one that neither comes nor is answered."""
    right = np.diag(confusion)
    both = confusion.sum(axis=0) + confusion.sum(axis=1)
    scores: list[float] = np.where(both > 0, 2 * right / np.maximum(both, 1), 0.0).tolist()
    return scores
