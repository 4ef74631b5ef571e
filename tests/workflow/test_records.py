"""Records of a manifest: plain JSON and back, and what does not fit is refused by its field."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from tinyml_pipeline.parity.compare import Comparison, RealComparison
from tinyml_pipeline.parity.opinion import OpinionRow, SkippedRow
from tinyml_pipeline.parity.report import ParityReport, Row
from tinyml_pipeline.quantization.quantized_model import load_quantized
from tinyml_pipeline.workflow import records
from tinyml_pipeline.workflow.build import BuildRecord
from tinyml_pipeline.workflow.convert import ConvertRecord, PortRecord
from tinyml_pipeline.workflow.proof_record import Difference, ProofRow, proof_record, read_proof
from tinyml_pipeline.workflow.train import Answer, TrainRecord

from tests.firmware import linear_tflite

RECORDS: dict[str, Any] = {
    "training": TrainRecord(
        1, 5, 50, 7, "loop", {"epochs": 5}, {"loss": 0.5}, (Answer((1.0,), (2.0,), (2.1,)),), "no reason"
    ),
    "conversion": ConvertRecord(
        "aa", True, 1000, (("FULLY_CONNECTED", 2),), (PortRecord("x", ("x",), (1,), 0.5, -1, -64.0, 63.5),), (),
        ("one line",), 256,
    ),
    "build": BuildRecord("uno", "aot", "gcc", 100, 32256, 10, 2048, False, "aa"),
}  # fmt: skip
WRONG: dict[str, tuple[Any, str]] = {
    "not a mapping": ([], "BuildRecord: not a mapping"),
    "a field is missing": ({"tool": None}, "BuildRecord: tool missing"),
    "a text for a number": ({"flash_bytes": "100"}, "BuildRecord.flash_bytes: '100'"),
    "a truth value for a number": ({"flash_bytes": True}, "BuildRecord.flash_bytes: True"),
    "a runtime that there is not": ({"runtime": "java"}, "BuildRecord.runtime: 'java'"),
}


@pytest.mark.parametrize("kind", RECORDS)
def test_to_json_and_back(kind: str) -> None:
    record = RECORDS[kind]
    assert records.read(type(record), json.loads(json.dumps(records.to_json(record)))) == record


@pytest.mark.parametrize("case", WRONG)
def test_what_does_not_fit(case: str) -> None:
    change, message = WRONG[case]
    facts: Any = records.to_json(RECORDS["build"])
    if isinstance(change, dict):
        facts = {key: value for key, value in {**facts, **change}.items() if value is not None}
    else:
        facts = change
    with pytest.raises(records.RecordError) as caught:
        records.read(BuildRecord, facts)
    assert str(caught.value) == message


def test_a_proof_keeps_its_rows_and_their_first_figures() -> None:
    rows: tuple[Row, ...] = (
        RealComparison("Keras = int8", 3, np.inf, 0.25, 0.5, 1.0, 2, 1.0, 2.0),
        OpinionRow("other = TFLM", 3, 1, 2),
        Comparison("C on the host = TFLM", 3, 1, 2),
        SkippedRow("C on AVR = TFLM", "too large"),
    )
    report = ParityReport(load_quantized(linear_tflite(), "neuron"), 3, False, rows)
    proof = proof_record(report)
    assert proof == read_proof(json.loads(json.dumps(proof.facts)))
    assert not proof.passed
    assert proof.claim == "FAILED"
    assert proof.difference == Difference(None, None, 0.25, 1.0)
    assert proof.c_mismatches == 1
    stand_in = (Comparison("C on the host = LiteRT", 3, 0, 0, allowed=4),)  # where TFLM has no wheel
    assert proof_record(ParityReport(report.model, 3, False, stand_in, "LiteRT")).c_mismatches is None
    assert proof.accuracy == ""
    assert [(row.kind, row.verdict) for row in proof.rows] == [
        ("tolerance", "FAIL"), ("opinion", "info"), ("exact", "FAIL"), ("skipped", "not run"),
    ]  # fmt: skip
    assert proof.rows[3] == ProofRow("C on AVR = TFLM", "skipped", True, "not run", "too large")
