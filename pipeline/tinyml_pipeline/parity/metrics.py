"""How good Keras and int8 are on the same data with known answers, side by side: what regression is judged by."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyml_pipeline.parity.output_values import OutputValues

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Table:
    """Figures for a person: one row of texts for each of something."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def to_json(self) -> dict[str, Any]:
        return {"columns": list(self.columns), "rows": [list(row) for row in self.rows]}


@dataclass(frozen=True)
class Errors:
    """Of answers to known questions, in units of the output: mean absolute and root mean square error, the share of
    the variance that is explained (None where nothing varies), and the largest error."""

    mae: float
    rmse: float
    r2: float | None
    largest: float


@dataclass(frozen=True)
class RegressionRow:
    """One row of a report; it informs, because how good a network is depends on its training first of all."""

    name: str
    vectors: int
    source: str
    """What the samples are: test, validation or training."""
    keras: Errors
    int8: Errors
    unit: str = ""

    @property
    def passed(self) -> bool:
        return True

    @property
    def verdict(self) -> str:
        return "info"

    @property
    def summary(self) -> str:
        unit = f" {self.unit}" if self.unit else ""
        return (
            f"mean error {self.keras.mae:.4g}{unit} in Keras, {self.int8.mae:.4g}{unit} in int8; largest"
            f" {self.keras.largest:.4g} and {self.int8.largest:.4g}; {self.vectors:,} {self.source} samples"
        )

    @property
    def table(self) -> Table:
        """MAE, RMSE, R2 and the largest error, of Keras and int8."""
        unit = f" {self.unit}" if self.unit else ""
        rows = [
            ("MAE", self.keras.mae, self.int8.mae, unit),
            ("RMSE", self.keras.rmse, self.int8.rmse, unit),
            ("R2", self.keras.r2, self.int8.r2, ""),
            ("largest error", self.keras.largest, self.int8.largest, unit),
        ]
        texts = tuple((name, *(_number(value, of) for value in values)) for name, *values, of in rows)
        return Table((f"{self.name} ({self.vectors:,} {self.source} samples)", "Keras", "int8"), texts)

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "kind": "regression",
            "passed": True,
            "verdict": self.verdict,
            "vectors": self.vectors,
            "source": self.source,
            "keras": vars(self.keras),
            "int8": vars(self.int8),
            "unit": self.unit,
            "table": self.table.to_json(),
        }


def compare_regression(one: OutputValues, source: str, targets: Array, keras: Array, int8: Array) -> RegressionRow:
    """All arrays are (samples, values) in real units."""
    name = f"on data, {one.name}" if one.name else "on data"
    return RegressionRow(name, len(targets), source, errors_of(targets, keras), errors_of(targets, int8), one.unit)


def errors_of(targets: Array, answers: Array) -> Errors:
    wanted, found = targets.astype(np.float64), answers.astype(np.float64)
    difference = found - wanted
    spread = float(((wanted - wanted.mean(axis=0)) ** 2).sum())
    unexplained = float((difference**2).sum())
    return Errors(
        float(np.abs(difference).mean()),
        math.sqrt(float((difference**2).mean())),
        1 - unexplained / spread if spread else None,
        float(np.abs(difference).max()),
    )


def _number(value: float | None, unit: str) -> str:
    return "-" if value is None else f"{value:.4g}{unit}"
