"""Comparisons: what differs, by how much, and the words for it."""

from __future__ import annotations

import json

import numpy as np
import pytest
from tinyml_pipeline.compiler.value_scales import ValueScale
from tinyml_pipeline.errors import ParityError
from tinyml_pipeline.host.interpreters.reference import ReferenceInterpreter
from tinyml_pipeline.host.interpreters.reference_runtime import load_runtime
from tinyml_pipeline.host.interpreters.tflm import TflmInterpreter
from tinyml_pipeline.parity.compare import Comparison, Mismatch, RealComparison, compare_exact, compare_real
from tinyml_pipeline.parity.output_values import output_values
from tinyml_pipeline.parity.report import ParityReport, Row
from tinyml_pipeline.parity.vectors import parity_inputs
from tinyml_pipeline.quantization.convert import KerasProcess
from tinyml_pipeline.quantization.quantized_model import QuantizedModel, QuantizedPort, load_quantized

from tests.parity import small

PORT = QuantizedPort("y", (), (1,), 0.5, 0)


@pytest.fixture(scope="module")
def adder() -> QuantizedModel:
    return small.adder()


def report_of(model: QuantizedModel, *rows: Row) -> ParityReport:
    return ParityReport(model, 3, False, rows)


def test_the_adder_on_every_input(keras_process: KerasProcess, adder_archive: bytes, adder_tflite: bytes) -> None:
    adder = load_quantized(adder_tflite, "adder", "adds", ["a", "b"], ["sum"])
    inputs = parity_inputs(adder.inputs)
    tflm = TflmInterpreter(adder.tflite).invoke(inputs.arrays)
    reference = ReferenceInterpreter(adder.tflite).invoke(inputs.arrays)
    keras = keras_process.predict(adder_archive, adder.inputs[0].dequantize(inputs.arrays[0]))
    real = compare_real("int8 against Keras", keras, reference[0], adder.outputs[0], 2.0)
    exact = compare_exact("tflite-runtime against TFLM", tflm, reference, inputs.arrays)
    if load_runtime()[1] != "tflite-runtime":  # LiteRT, of Python 3.12 and later, rounds here and there otherwise
        assert 0 < exact.mismatches < 65536 // 20
        assert exact.worst == 1
        exact = compare_exact("tflite-runtime against TFLM", tflm, tflm, inputs.arrays)
    report = ParityReport(adder, len(inputs), inputs.exhaustive, (real, exact))
    report.check()
    assert report.claim == "verified on every possible input (65,536)"
    assert exact.summary == "65,536 vectors, 0 mismatches"
    assert 0 < real.mean < real.worst < 2
    assert real.worst_steps == real.worst / adder.outputs[0].scale
    parsed = json.loads(report.to_json())
    assert parsed["passed"] is True
    assert [row["vectors"] for row in parsed["rows"]] == [65536, 65536]


def test_a_mismatch_prints_input_expected_and_got(adder: QuantizedModel) -> None:
    inputs = np.array([[0, 0], [-102, -123], [3, 4]], np.int8)
    expected = np.array([[1], [-113], [3]], np.int8)
    got = np.array([[1], [-110], [127]], np.int8)
    row = compare_exact("C on the host", [expected], [got], [inputs])
    assert (row.vectors, row.mismatches, row.worst, row.passed) == (3, 2, 124, False)
    with pytest.raises(ParityError) as caught:
        report_of(adder, row).check()
    assert str(caught.value) == (
        "adder: C on the host: 2 of 3 vectors differ, by up to 124 steps; input 1: a = -102 (10.1961), "
        "b = -123 (1.96078); expected sum = -113 (11.7647), got sum = -110 (14.1176)."
    )
    assert json.loads(report_of(adder, row).to_json())["rows"][0]["first"] == {
        "index": 1,
        "inputs": [[-102, -123]],
        "expected": [[-113]],
        "got": [[-110]],
    }
    assert json.loads(report_of(adder, row).to_json())["claim"] is None


def test_the_largest_int8_difference_does_not_wrap() -> None:
    left, right = np.array([[-128]], np.int8), np.array([[127]], np.int8)
    assert compare_exact("x", [left], [right], [left]).worst == 255


@pytest.mark.parametrize("step", [-1, 1])
def test_one_step_in_one_value_is_a_mismatch(step: int) -> None:
    inputs = np.arange(4, dtype=np.int8)[:, None]
    expected = np.zeros((4, 3), np.int8)
    actual = expected.copy()
    actual[2, 1] = step
    found = compare_exact("x", [expected], [actual], [inputs])
    assert (found.vectors, found.mismatches, found.worst, found.passed) == (4, 1, 1, False)
    assert found.first is not None
    assert found.first.index == 2


def test_the_tolerance_itself_is_within_and_nothing_beyond() -> None:
    keras, int8 = np.array([[1.5]], np.float32), np.array([[2]], np.int8)
    assert compare_real("x", keras, int8, PORT, 0.5).passed
    assert not compare_real("x", keras, int8, PORT, float(np.nextafter(0.5, 0.0))).passed


def test_real_units_and_steps(adder: QuantizedModel) -> None:
    keras, int8 = np.array([[1.0], [2.25], [-3]], np.float32), np.array([[2], [4], [-5]], np.int8)
    row = compare_real("int8 against Keras", keras, int8, PORT, 0.3)
    assert (row.worst, row.mean, row.worst_steps, row.mean_steps) == (0.5, 0.25, 1, 0.5)
    assert (row.where, row.keras, row.int8, row.within) == (2, -3, -2.5, False)
    with pytest.raises(ParityError) as caught:
        report_of(adder, row).check()
    assert str(caught.value) == (
        "adder: int8 against Keras: worst 0.5 (1 steps), mean 0.25 (0.5 steps), tolerance 0.3; at input 2 Keras gives "
        "-3, int8 -2.5."
    )


def test_nan_is_never_within(adder: QuantizedModel) -> None:
    row = compare_real("x", np.array([[np.nan]], np.float32), np.array([[2]], np.int8), PORT, 1e9)
    assert (row.worst, row.within) == (np.inf, False)
    json.loads(report_of(adder, row).to_json(), parse_constant=pytest.fail)


ONE, TWO = np.array([[1, 2], [3, 4]], np.int8), np.array([[5], [6]], np.int8)


def test_of_several_outputs_each_counts_and_those_that_differ_are_named() -> None:
    expected, got = [ONE, TWO], [np.array([[1, 2], [3, 5]], np.int8), np.array([[5], [3]], np.int8)]
    found = compare_exact("x", expected, got, [TWO, ONE])
    assert (found.name, found.vectors, found.mismatches, found.worst) == ("x", 2, 1, 3)
    assert found.first is not None
    ports = [QuantizedPort("p", (), (2,), 0.5, 0), QuantizedPort("q", (), (1,), 0.25, 2)]
    assert found.first.text(ports[::-1], ports) == (
        "input 1: q = 6 (1), p[0] = 3 (1.5), p[1] = 4 (2); expected p[1] = 4 (2), q = 6 (1), got p[1] = 5 (2.5),"
        " q = 3 (0.25)"
    )
    found = compare_exact("x", expected, [ONE, got[1]], [ONE])
    assert found.first is not None
    assert found.first.text(ports[:1], ports).endswith("; expected q = 6 (1), got q = 3 (0.25)")
    assert found.to_json()["first"] == {
        "index": 1, "inputs": [[3, 4]], "expected": [[3, 4], [6]], "got": [[3, 4], [3]],
    }  # fmt: skip


def test_the_first_of_several_mismatches_is_kept() -> None:
    expected = np.zeros((3, 1), np.int8)
    found = compare_exact("x", [expected], [np.array([[0], [2], [1]], np.int8)], [expected])
    assert (found.mismatches, found.worst) == (2, 2)
    assert found.first is not None
    assert found.first.index == 1


def test_outputs_without_values_are_equal() -> None:
    nothing = np.zeros((2, 0), np.int8)
    found = compare_exact("x", [nothing], [nothing], [nothing])
    assert (found.vectors, found.mismatches, found.worst, found.first) == (2, 0, 0, None)


def test_another_number_of_outputs_is_no_comparison() -> None:
    with pytest.raises(ValueError, match="zip"):
        compare_exact("x", [ONE, TWO], [ONE], [ONE])
    mismatch = Mismatch(0, (ONE,), (ONE, TWO), (ONE, ONE))
    for inputs, outputs in (([], [PORT, PORT]), ([PORT], [PORT])):
        with pytest.raises(ValueError, match="zip"):
            mismatch.text(inputs, outputs)
    with pytest.raises(ValueError, match="zip"):
        Mismatch(0, (ONE[:, :1],), (ONE, TWO), (ONE,)).text([QuantizedPort("p", (), (2,), 0.5, 0)], [PORT, PORT])


def test_a_row_of_bytes_against_bytes() -> None:
    equal = Comparison("C = TFLM", 1234, 0, 0)
    assert equal.summary == "1,234 vectors, 0 mismatches"
    assert equal.to_json() == {
        "name": "C = TFLM", "kind": "exact", "passed": True, "vectors": 1234, "mismatches": 0, "worst_steps": 0,
        "first": None,
    }  # fmt: skip
    allowed = Comparison("reference = C", 1234, 1000, 2, allowed=2)
    assert (allowed.passed, allowed.summary) == (
        True, "1,000 of 1,234 vectors differ, by up to 2 steps (2 allowed)",
    )  # fmt: skip
    assert not Comparison("reference = C", 1234, 1000, 3, allowed=2).passed
    assert Comparison("x", 1234, 1000, 1).summary == "1,000 of 1,234 vectors differ, by up to 1 step"
    assert Comparison("x", 1, 1, 2).summary == "1 of 1 vector differs, by up to 2 steps"
    assert Comparison("x", 1, 0, 0).summary == "1 vector, 0 mismatches"


def test_a_row_in_real_units() -> None:
    row = RealComparison("int8 against Keras", 1234, 0.75, 0.25, 0.5, 1.0, 7, 1.5, 0.75)
    assert row.to_json() == {
        "name": "int8 against Keras", "kind": "tolerance", "passed": True, "verdict": "pass", "vectors": 1234,
        "worst": 0.75, "mean": 0.25, "worst_steps": 1.5, "mean_steps": 0.5, "tolerance": 1.0,
        "where": {"index": 7, "keras": 1.5, "int8": 0.75},
    }  # fmt: skip
    row = RealComparison("x", 1, np.inf, np.inf, 0.5, 1.0, 0, np.nan, 0.75)
    assert row.to_json() == {
        "name": "x", "kind": "tolerance", "passed": False, "verdict": "FAIL", "vectors": 1, "worst": None, "mean": None,
        "worst_steps": None, "mean_steps": None, "tolerance": 1.0, "where": {"index": 0, "keras": None, "int8": 0.75},
    }  # fmt: skip


def test_a_row_in_real_units_may_inform() -> None:
    row = RealComparison("x", 1, 2.0, 2.0, 0.5, 1.0, 0, 1.0, 3.0, informs=True)
    assert (row.within, row.passed, row.verdict) == (False, True, "info")
    row = RealComparison("x", 1, 1.0, 1.0, 0.5, 1.0, 0, 1.0, 2.0, informs=True)
    assert (row.within, row.passed, row.verdict) == (True, True, "pass")


def test_the_worst_value_of_a_vector_is_shown() -> None:
    port = QuantizedPort("y", (), (2, 2), 0.5, 10)
    int8 = np.array([[[10, 11], [12, 13]], [[10, 11], [12, 13]]], np.int8)
    keras = np.array([[[0, 0.5], [1, 1.5]], [[0, 0.5], [3, 1.25]]], np.float32)
    found = compare_real("x", keras, int8, port, 1)
    assert (found.name, found.vectors, found.worst, found.mean) == ("x", 2, 2.0, 2.25 / 8)
    assert (found.where, found.keras, found.int8) == (1, 3.0, 1.0)
    assert (found.step, found.tolerance) == (0.5, 1)


def test_a_difference_beyond_what_float32_holds() -> None:
    """In float32 both differences would be infinite."""
    port = QuantizedPort("y", (), (1,), 2.0**121, 0)
    keras = np.array([[-3e38], [-2e38]], np.float32)
    found = compare_real("x", keras, np.array([[127], [127]], np.int8), port, 1)
    assert found.where == 0
    assert found.worst == float(np.float64(np.float32(3e38)) + 127 * 2.0**121)


def test_what_int8_cannot_give_is_counted_apart() -> None:
    """-64 to 63.5 in steps of a half: up to a step and a half beyond counts as rounded to the end."""
    keras = np.array([[63.5], [63.75], [66.5], [-65.0], [1.0]], np.float32)
    int8 = np.array([[127], [127], [127], [-128], [3]], np.int8)
    found = compare_real("x", keras, int8, PORT, 2, "mm")
    assert (found.worst, found.saturated, found.beyond, found.passed) == (0.5, 2, 3.0, False)
    assert found.summary == (
        "worst 0.5 mm (1 steps), mean 0.15 (0.3 steps), tolerance 2; 2 of 5 saturate, by up to 3 mm"
    )
    assert found.to_json()["saturated"] == 2
    assert compare_real("x", keras, int8, PORT, 3).passed
    wrong = compare_real("x", keras, np.array([[127], [127], [126], [-128], [3]], np.int8), PORT, 3)
    assert wrong.worst == 0.5, "from the end of the range, not from what lies beyond"


def test_a_value_on_a_scale_of_its_own_is_judged_in_its_own_units() -> None:
    port = QuantizedPort("y", (), (2,), 0.5, 0, value_scale=ValueScale((0.0, 1000.0), (1.0, 0.01)))
    keras = np.array([[1.0, 1100.0], [2.0, 900.0]], np.float32)
    int8 = np.array([[2, 2], [4, 0]], np.int8)
    first, second = output_values(None, [port])
    assert (first.name, second.name, first.port.step, second.port.step) == ("y[0]", "y[1]", 0.5, 50)
    assert compare_real("x", first.of(keras), first.of(int8), first.port, 1).worst == 0
    found = compare_real("x", second.of(keras), second.of(int8), second.port, 1)
    assert (found.worst, found.worst_steps) == (100.0, 2.0)
    assert second.tolerance == pytest.approx(0.05 * 255 * 50)
