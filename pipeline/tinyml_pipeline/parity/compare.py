"""Two sets of outputs, compared: bit for bit, or in real units against a tolerance."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyml_pipeline.quantization.quantized_model import Int8Array, QuantizedPort
from tinyml_pipeline.wording import counted


@dataclass(frozen=True)
class Mismatch:
    """The first vector that differs: its number, and its values, one array a tensor."""

    index: int
    inputs: tuple[Int8Array, ...]
    expected: tuple[Int8Array, ...]
    got: tuple[Int8Array, ...]

    def text(self, inputs: Sequence[QuantizedPort], outputs: Sequence[QuantizedPort]) -> str:
        """'input 7: a = 3 (10.2); expected sum = 5 (11.9), got sum = 6 (12.7)': of the outputs those that differ."""
        given = ", ".join(port.describe(array) for port, array in zip(inputs, self.inputs, strict=True))
        wanted, came = [], []
        for port, expected, got in zip(outputs, self.expected, self.got, strict=True):
            differ = np.flatnonzero(expected.reshape(-1) != got.reshape(-1)).tolist()
            if differ:
                wanted.append(port.describe(expected, differ))
                came.append(port.describe(got, differ))
        return f"input {self.index}: {given}; expected {', '.join(wanted)}, got {', '.join(came)}"


def difference_words(vectors: int, mismatches: int, worst: int) -> str:
    """'1,000 vectors, 0 mismatches' or '2 of 3 vectors differ, by up to 1 step'."""
    if not mismatches:
        return f"{counted(vectors, 'vector')}, 0 mismatches"
    differ = "vector differs" if vectors == 1 else "vectors differ"
    return f"{mismatches:,} of {vectors:,} {differ}, by up to {counted(worst, 'step')}"


@dataclass(frozen=True)
class Comparison:
    """One row of a report: bytes against bytes. `worst` is the largest difference in output steps.

    `allowed` is 0 but for a stand-in of TFLM, which rounds otherwise.
    """

    name: str
    vectors: int
    mismatches: int
    worst: int
    first: Mismatch | None = None
    allowed: int = 0

    @property
    def passed(self) -> bool:
        return self.worst <= self.allowed

    @property
    def summary(self) -> str:
        return difference_words(self.vectors, self.mismatches, self.worst) + (
            f" ({self.allowed} allowed)" if self.mismatches and self.allowed else ""
        )

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "kind": "exact",
            "passed": self.passed,
            "vectors": self.vectors,
            "mismatches": self.mismatches,
            "worst_steps": self.worst,
            "first": None
            if self.first is None
            else {
                "index": self.first.index,
                **{
                    key: [array.tolist() for array in getattr(self.first, key)] for key in ("inputs", "expected", "got")
                },
            },
        }


@dataclass(frozen=True)
class RealComparison:
    """One row of a report: Keras against int8 on one output, in real units and in output steps.

    `where` is the vector with the worst difference, `keras` and `int8` what they gave there. Where Keras goes beyond
    what int8 can give, the int8 model is compared with the end of its range: such values are `saturated`, counted
    apart, and `beyond` is how far the furthest lies outside. A row that `informs` fails no proof.
    """

    name: str
    vectors: int
    worst: float
    mean: float
    step: float
    tolerance: float
    where: int
    keras: float
    int8: float
    informs: bool = False
    unit: str = ""
    saturated: int = 0
    beyond: float = 0.0
    cause: str = ""
    """Why it failed, and what helps: sentences."""

    @property
    def within(self) -> bool:
        return self.worst <= self.tolerance and self.beyond <= self.tolerance

    @property
    def passed(self) -> bool:
        return self.within or self.informs

    @property
    def verdict(self) -> str:
        return "pass" if self.within else "info" if self.informs else "FAIL"

    @property
    def worst_steps(self) -> float:
        return self.worst / self.step

    @property
    def mean_steps(self) -> float:
        return self.mean / self.step

    @property
    def summary(self) -> str:
        unit = f" {self.unit}" if self.unit else ""
        text = (
            f"worst {self.worst:.4g}{unit} ({self.worst_steps:.2g} steps), mean {self.mean:.4g} ({self.mean_steps:.2g} "
            f"steps), tolerance {self.tolerance:.6g}"
        )
        if self.saturated:
            text += f"; {self.saturated:,} of {self.vectors:,} saturate, by up to {self.beyond:.4g}{unit}"
        return text

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "kind": "tolerance",
            "passed": self.passed,
            "verdict": self.verdict,
            "vectors": self.vectors,
            "worst": _finite(self.worst),
            "mean": _finite(self.mean),
            "worst_steps": _finite(self.worst_steps),
            "mean_steps": _finite(self.mean_steps),
            "tolerance": self.tolerance,
            **({"saturated": self.saturated, "beyond": _finite(self.beyond)} if self.saturated else {}),
            **({"unit": self.unit} if self.unit else {}),
            **({"cause": self.cause} if self.cause else {}),
            "where": {"index": self.where, "keras": _finite(self.keras), "int8": self.int8},
        }


def compare_exact(
    name: str, expected: Sequence[Int8Array], actual: Sequence[Int8Array], inputs: Sequence[Int8Array]
) -> Comparison:
    """Compare outputs (n > 0, *shape), one array a tensor; a vector counts once, however many values differ."""
    differences = [
        np.abs(right.reshape(len(left), -1).astype(np.int64) - left.reshape(len(left), -1)).max(axis=1, initial=0)
        for left, right in zip(expected, actual, strict=True)
    ]
    per_vector = np.max(differences, axis=0)
    wrong = np.flatnonzero(per_vector)
    first = None
    if len(wrong):
        index = int(wrong[0])
        first = Mismatch(index, _at(inputs, index), _at(expected, index), _at(actual, index))
    return Comparison(name, len(per_vector), len(wrong), int(per_vector.max()), first)


def compare_real(
    name: str, keras: npt.NDArray[np.float32], int8: Int8Array, port: QuantizedPort, tolerance: float, unit: str = ""
) -> RealComparison:
    """Compare Keras' outputs with one int8 output tensor, or values of one scale; Keras must have been given the
    dequantized inputs."""
    real = port.dequantize(int8).reshape(len(int8), -1)
    wanted = keras.reshape(len(keras), -1).astype(np.float64)
    reachable = np.clip(wanted, port.low, port.high)
    beyond = np.abs(wanted - reachable)
    outside = beyond > 1.5 * port.step  # nearer ones, as a probability of 1, are as close as int8 gets
    saturated = outside.any(axis=1)
    difference = np.abs(np.where(outside, reachable, wanted) - real)
    difference = np.where(np.isnan(difference), np.inf, difference)
    index, value = np.unravel_index(int(difference.argmax()), difference.shape)
    return RealComparison(
        name,
        len(int8),
        float(difference.max()),
        float(difference.mean()),
        port.step,
        tolerance,
        int(index),
        float(wanted[index, value]),
        float(real[index, value]),
        unit=unit,
        saturated=int(saturated.sum()),
        beyond=float(beyond[saturated].max(initial=0)) if saturated.any() else 0.0,
    )


def _finite(value: float) -> float | None:
    """JSON has no NaN and no infinity."""
    return value if math.isfinite(value) else None


def _at(arrays: Sequence[Int8Array], index: int) -> tuple[Int8Array, ...]:
    return tuple(array[index] for array in arrays)
