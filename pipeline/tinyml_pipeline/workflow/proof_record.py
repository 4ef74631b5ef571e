"""What the manifest keeps of a proof, typed: rows as a table shows them, and the figures that summaries name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tinyml_pipeline.parity.report import ParityReport
from tinyml_pipeline.workflow import records


@dataclass(frozen=True)
class Difference:
    """Keras against int8, in units of the output and in output steps; None where it is not finite."""

    worst: float | None
    worst_steps: float | None
    mean: float | None
    tolerance: float


@dataclass(frozen=True)
class ProofRow:
    """One comparison: 'pass', 'FAIL', or what a row that only informs says of itself, and a line of what was found."""

    name: str
    kind: str
    passed: bool
    verdict: str
    summary: str


@dataclass(frozen=True)
class MetricTable:
    """Figures of Keras and int8 side by side, as texts."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class ProofRecord:
    """A proof of one model; `claim` is what its rows support together.

    `difference` and `accuracy` are those of the int8 model against Keras, None and empty if Keras was not asked;
    `c_mismatches` counts the vectors on which the model's C differed from TFLM, None if no C was run, or no TFLM.
    """

    passed: bool
    claim: str
    vectors: int
    exhaustive: bool
    rows: tuple[ProofRow, ...]
    difference: Difference | None
    accuracy: str
    c_mismatches: int | None
    metrics: tuple[MetricTable, ...]
    """How good the model is on data: errors, or F1 of each class and what is mistaken for what."""
    facts: Mapping[str, Any] = field(repr=False, compare=False)
    """The same as plain JSON, with the details of every row."""


def proof_record(report: ParityReport) -> ProofRecord:
    """A new proof, as the manifest will keep it."""
    return read_proof(
        {
            "passed": report.passed,
            "claim": report.claim if report.passed else "FAILED",
            "vectors": report.vectors,
            "exhaustive": report.exhaustive,
            "rows": [{**row.to_json(), "summary": row.summary} for row in report.rows],
        }
    )


def read_proof(facts: Any) -> ProofRecord:
    """A proof from a manifest's facts. Raises RecordError if they do not fit."""
    head = records.read(_Head, facts)
    firsts: dict[str, Mapping[str, Any]] = {}
    rows = []
    for row in head.rows:
        known = {"verdict": "pass" if row.get("passed") else "FAIL", **row}
        rows.append(records.read(ProofRow, known))
        if rows[-1].kind != "exact" or rows[-1].name.endswith("TFLM"):  # not of what stands in for TFLM
            firsts.setdefault(rows[-1].kind, row)
    difference = records.read(Difference, firsts["tolerance"]) if "tolerance" in firsts else None
    exact = records.read(_Mismatches, firsts["exact"]).mismatches if "exact" in firsts else None
    accuracy = next((row.summary for row in rows if row.kind == "accuracy"), "")
    metrics = [
        records.read(MetricTable, table)
        for row in head.rows
        for table in (*row.get("tables", ()), *([row["table"]] if "table" in row else []))
    ]
    numbers = difference, accuracy, exact, tuple(metrics)
    return ProofRecord(head.passed, head.claim, head.vectors, head.exhaustive, tuple(rows), *numbers, facts)


@dataclass(frozen=True)
class _Head:
    passed: bool
    claim: str
    vectors: int
    exhaustive: bool
    rows: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class _Mismatches:
    mismatches: int
