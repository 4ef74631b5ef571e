"""Rows that inform and never fail a proof: what another interpreter says, and which forms could not be compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tinyml_pipeline.compiler.graph import Graph, Operation
from tinyml_pipeline.parity.compare import compare_exact, difference_words
from tinyml_pipeline.quantization.quantized_model import Int8Array


@dataclass(frozen=True)
class OpinionRow:
    """Another interpreter next to TFLM, which is the oracle: where they differ, TFLM is what the device computes."""

    name: str
    vectors: int
    mismatches: int
    worst: int
    cause: str = ""
    """The operator that differs first although its inputs are equal; empty if none does, or it was not found."""
    reason: str = ""
    """Why the interpreter did not answer; empty if it did."""

    @property
    def passed(self) -> bool:
        return True

    @property
    def verdict(self) -> str:
        return "equal" if not (self.mismatches or self.reason) else "info"

    @property
    def summary(self) -> str:
        if self.reason:
            return f"not compared: {self.reason}"
        found = difference_words(self.vectors, self.mismatches, self.worst)
        first = f", first in {self.cause}" if self.cause else ""
        return f"{found}{first}; TFLM decides" if self.mismatches else found

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "kind": "opinion",
            "passed": True,
            "verdict": self.verdict,
            "vectors": self.vectors,
            "mismatches": self.mismatches,
            "worst_steps": self.worst,
            "cause": self.cause,
            "reason": self.reason,
        }


@dataclass(frozen=True)
class FailedRow:
    """A form of the model that could not be run: the proof fails, and every other row still counts."""

    name: str
    reason: str
    vectors: int = 0

    @property
    def passed(self) -> bool:
        return False

    @property
    def summary(self) -> str:
        return self.reason

    def to_json(self) -> dict[str, Any]:
        return {"name": self.name, "kind": "failed", "passed": False, "vectors": 0, "reason": self.reason}


@dataclass(frozen=True)
class SkippedRow:
    """A form that was not run: the model does not fit the processor, or what runs it is not installed."""

    name: str
    reason: str
    vectors: int = 0

    @property
    def passed(self) -> bool:
        return True

    @property
    def verdict(self) -> str:
        return "not run"

    @property
    def summary(self) -> str:
        return self.reason

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "kind": "skipped",
            "passed": True,
            "verdict": self.verdict,
            "vectors": 0,
            "reason": self.reason,
        }


def compare_opinion(
    name: str, expected: Sequence[Int8Array], theirs: Sequence[Int8Array], inputs: Sequence[Int8Array]
) -> tuple[OpinionRow, int | None]:
    """The row without its cause, and the first vector that differs. Arrays are int8 (n, *shape)."""
    found = compare_exact(name, expected, theirs, inputs)
    row = OpinionRow(name, found.vectors, found.mismatches, found.worst)
    return row, None if found.first is None else found.first.index


def operator_text(graph: Graph, operation: Operation) -> str:
    """'FULLY_CONNECTED (op 3 of 12)'."""
    return f"{operation.name} (op {operation.index} of {len(graph.operations)})"
