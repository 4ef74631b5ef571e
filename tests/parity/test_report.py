"""The report of all comparisons: its claim, its words, its table for notebooks and its JSON."""

from __future__ import annotations

import json

import numpy as np
import pytest
from tinyml_pipeline.errors import ParityError
from tinyml_pipeline.parity.compare import Comparison, Mismatch, RealComparison
from tinyml_pipeline.parity.opinion import FailedRow, OpinionRow, SkippedRow, compare_opinion, operator_text
from tinyml_pipeline.parity.report import ArrayCheck, ParityReport, verdict
from tinyml_pipeline.parity.spot_check import SpotCheck, spot_checks
from tinyml_pipeline.quantization.quantized_model import Int8Array

from tests.parity import small

MODEL = small.adder()
PASSED = Comparison("C = TFLM", 1234, 0, 0)
DIFFERS = Comparison("C on <AVR>", 3, 1, 2)
OTHER = OpinionRow("tflite-runtime = TFLM", 3, 1, 2)


def test_array_check() -> None:
    same = ArrayCheck("array", bytes(1234), bytes(1234))
    assert same.summary == "1,234 bytes, 0 mismatches"
    assert same.to_json() == {
        "name": "array", "kind": "bytes", "passed": True, "bytes": 1234, "summary": "1,234 bytes, 0 mismatches",
    }  # fmt: skip
    assert same.vectors == 0
    assert ArrayCheck("array", bytes(1234), bytes(2345)).summary == "2,345 bytes instead of 1,234"
    differs = ArrayCheck("array", b"abcd", b"ab\x00d")
    assert differs.summary == "byte 2 is 0x00 instead of 0x63"
    assert differs.to_json()["passed"] is False
    assert ArrayCheck("array", b"abc", b"ab").to_json()["bytes"] == 3


def test_a_report_that_passes() -> None:
    report = ParityReport(MODEL, 1234, False, (PASSED, OTHER))
    report.check()
    assert report.verdicts == ("pass", "info")
    assert (
        str(report)
        == repr(report)
        == (
            "C = TFLM               pass  1,234 vectors, 0 mismatches\n"
            "tflite-runtime = TFLM  info  1 of 3 vectors differ, by up to 2 steps; TFLM decides\n"
            "adder: verified on 1,234 inputs: edges, data and seeded random ones"
        )
    )
    assert json.loads(report.to_json()) == {
        "model": "adder", "sha256": MODEL.sha256, "passed": True, "exhaustive": False, "vectors": 1234,
        "claim": "verified on 1,234 inputs: edges, data and seeded random ones",
        "rows": [PASSED.to_json(), OTHER.to_json()],
    }  # fmt: skip
    assert report.to_json().startswith('{\n  "model": "adder",\n')
    assert report._repr_html_() == (
        "<table><tr><th>compared</th><th>verdict</th><th>what was found</th></tr>"
        '<tr><td style="text-align: left">C = TFLM</td><td style="text-align: left">pass</td>'
        '<td style="text-align: left">1,234 vectors, 0 mismatches</td></tr>'
        '<tr><td style="text-align: left">tflite-runtime = TFLM</td><td style="text-align: left">info</td>'
        '<td style="text-align: left">1 of 3 vectors differ, by up to 2 steps; TFLM decides</td></tr></table>'
        "<p><b>adder: verified on 1,234 inputs: edges, data and seeded random ones</b></p>"
    )


def test_a_report_that_fails() -> None:
    report = ParityReport(MODEL, 3, True, (PASSED, DIFFERS))
    assert not report.passed
    assert report.verdicts == ("pass", "FAIL")
    assert str(report).splitlines()[1:] == [
        "C on <AVR>  FAIL  1 of 3 vectors differ, by up to 2 steps",
        "adder: FAILED",
    ]
    facts = json.loads(report.to_json())
    assert (facts["passed"], facts["claim"], facts["exhaustive"]) == (False, None, True)
    html = report._repr_html_()
    assert html.count("<tr style=") == html.count('</td></tr><tr style="color: #b00020; font-weight: bold"><td') == 1
    assert 'left">C on &lt;AVR&gt;</td>' in html
    assert html.endswith("<p><b>adder: FAILED</b></p>")
    with pytest.raises(ParityError, match=r"^adder: C on <AVR>: 1 of 3 vectors differ, by up to 2 steps\.$"):
        report.check()


CLAIMS = {
    "every input": (True, "", True, "verified on every possible input (65,536)"),
    "chosen inputs": (False, "", True, "verified on 65,536 inputs: edges, data and seeded random ones"),
    "without data": (False, "", False, "verified on 65,536 inputs: edges and seeded random ones"),
    "without TFLM": (True, "X", True, "compared with X, not with TFLM, on every possible input (65,536)"),
}


@pytest.mark.parametrize("case", CLAIMS)
def test_claims(case: str) -> None:
    exhaustive, stand_in, has_data, claim = CLAIMS[case]
    assert ParityReport(MODEL, 65536, exhaustive, (PASSED,), stand_in, has_data).claim == claim


def test_what_a_failure_says() -> None:
    report = ParityReport(MODEL, 3, False, ())
    one = np.array([[-102, -123]], np.int8), np.array([[-113]], np.int8), np.array([[-110]], np.int8)
    mismatch = Mismatch(7, (one[0],), (one[1],), (one[2],))
    assert report.failure(Comparison("C", 3, 1, 3, mismatch)) == (
        "adder: C: 1 of 3 vectors differ, by up to 3 steps; input 7: a = -102 (10.1961), b = -123 (1.96078); expected"
        " sum = -113 (11.7647), got sum = -110 (14.1176)."
    )
    assert report.failure(Comparison("C", 3, 1, 3)) == "adder: C: 1 of 3 vectors differ, by up to 3 steps."
    assert report.failure(RealComparison("int8", 3, 2.0, 1.0, 0.5, 1.0, 2, 3.14159265, 5.14159265)) == (
        "adder: int8: worst 2 (4 steps), mean 1 (2 steps), tolerance 1; at input 2 Keras gives 3.14159, int8 5.14159."
    )
    assert report.failure(FailedRow("C", "it ended with a full stop.")) == "adder: C: it ended with a full stop."


def test_the_word_of_a_row() -> None:
    rows = (PASSED, DIFFERS, OTHER, OpinionRow("x", 3, 0, 0), SkippedRow("x", "too large"), FailedRow("x", "y"))
    assert [verdict(row) for row in rows] == ["pass", "FAIL", "info", "equal", "not run", "FAIL"]


def test_the_opinion_of_another_interpreter() -> None:
    row = OpinionRow("other", 1234, 0, 0)
    assert (row.passed, row.verdict, row.summary) == (True, "equal", "1,234 vectors, 0 mismatches")
    row = OpinionRow("other", 2345, 1234, 1, cause="SOFTMAX (op 3 of 4)")
    assert (row.passed, row.verdict) == (True, "info")
    assert row.summary == ("1,234 of 2,345 vectors differ, by up to 1 step, first in SOFTMAX (op 3 of 4); TFLM decides")
    assert row.to_json() == {
        "name": "other", "kind": "opinion", "passed": True, "verdict": "info", "vectors": 2345, "mismatches": 1234,
        "worst_steps": 1, "cause": "SOFTMAX (op 3 of 4)", "reason": "",
    }  # fmt: skip
    row = OpinionRow("other", 0, 0, 0, reason="it refused")
    assert (row.passed, row.verdict, row.summary) == (True, "info", "not compared: it refused")
    assert row.to_json()["reason"] == "it refused"


def test_rows_without_a_comparison() -> None:
    failed, skipped = FailedRow("C", "gcc crashed"), SkippedRow("C on AVR", "too large")
    assert (failed.passed, failed.vectors, failed.summary) == (False, 0, "gcc crashed")
    assert failed.to_json() == {
        "name": "C", "kind": "failed", "passed": False, "vectors": 0, "reason": "gcc crashed",
    }  # fmt: skip
    assert (skipped.passed, skipped.vectors, skipped.summary) == (True, 0, "too large")
    assert skipped.to_json() == {
        "name": "C on AVR", "kind": "skipped", "passed": True, "verdict": "not run", "vectors": 0,
        "reason": "too large",
    }  # fmt: skip


def test_an_opinion_compared() -> None:
    expected, theirs = np.zeros((3, 2), np.int8), np.array([[0, 0], [0, 2], [1, 1]], np.int8)
    assert compare_opinion("other", [expected], [theirs], [expected]) == (OpinionRow("other", 3, 2, 2), 1)
    assert compare_opinion("other", [expected], [expected], [expected]) == (OpinionRow("other", 3, 0, 0), None)


def test_the_text_of_an_operator() -> None:
    assert operator_text(MODEL.graph, MODEL.graph.operations[0]) == "FULLY_CONNECTED (op 0 of 1)"


def test_questions_in_real_numbers() -> None:
    asked = []

    def infer(inputs: list[Int8Array]) -> tuple[Int8Array, ...]:
        asked.extend(inputs)
        return (np.array([[-113]], np.int8),)

    right, wrong = spot_checks(MODEL, infer, [((10, 2), (12,)), ((10, 2.5), (12.5, 99))])
    assert [vector.tolist() for vector in asked] == [[[-102, -123]], [[-102, -122]]]
    step = MODEL.outputs[0].scale
    got = float(np.float32(15) * np.float32(step))
    assert right == SpotCheck((10, 2), 12, got, step)
    assert (wrong.expected, wrong.inputs) == (12.5, (10, 2.5))
    assert (right.name, right.vectors, right.passed) == ("f(10, 2) = 12", 1, True)
    assert right.summary == "int8 says 11.76; one step is 0.7843"
    assert right.to_json() == {
        "name": "f(10, 2) = 12", "kind": "spot check", "passed": True, "inputs": [10, 2], "expected": 12,
        "got": got, "step": step,
    }  # fmt: skip
    assert type(right.got) is float


def test_a_question_to_a_model_whose_input_is_a_picture() -> None:
    model = small.picture()
    shapes = []

    def infer(inputs: list[Int8Array]) -> tuple[Int8Array, ...]:
        shapes.append(inputs[0].shape)
        return (np.array([[[4], [8]]], np.int8),)

    (found,) = spot_checks(model, infer, [((1, 2, 3, 4), (2,))])
    assert shapes == [(1, 2, 2)]
    assert found.got == 2.0


def test_one_step_away_is_right_and_nothing_beyond() -> None:
    for got, passed in ((12.5, True), (11.5, True), (12.75, False), (11.25, False)):
        assert SpotCheck((1,), 12.0, got, 0.5).passed is passed


def test_what_the_tolerance_accepts_a_question_accepts_too() -> None:
    assert SpotCheck((1,), 12.0, 12.75, 0.5, tolerance=0.8).passed
    assert not SpotCheck((1,), 12.0, 12.75, 0.5, tolerance=0.7).passed


def test_a_question_to_a_model_of_several_inputs() -> None:
    model = small.two_ports()
    seen = []

    def infer(inputs: list[Int8Array]) -> tuple[Int8Array, ...]:
        seen.extend(inputs)
        return (inputs[0], inputs[1])

    (found,) = spot_checks(model, infer, [((1, 2, 3, 4), (1,))])
    assert [array.tolist() for array in seen] == [[[12, 14, 16]], [[-4]]]
    assert found.got == 1.0
