"""Comparisons, the report that they make, and its words."""

from __future__ import annotations

import json

import numpy as np
import pytest
from tinyml_pipeline.errors import ParityError
from tinyml_pipeline.host.interpreters.reference import ReferenceInterpreter
from tinyml_pipeline.host.interpreters.tflm import TflmInterpreter
from tinyml_pipeline.parity.compare import compare_exact, compare_real
from tinyml_pipeline.parity.report import ArrayCheck, ParityReport, Row
from tinyml_pipeline.parity.vectors import parity_inputs
from tinyml_pipeline.quantization.convert import KerasProcess
from tinyml_pipeline.quantization.quantized_model import QuantizedModel, QuantizedPort, load_quantized

PORT = QuantizedPort("y", (), (1,), 0.5, 0)


@pytest.fixture(scope="module")
def adder(adder_tflite: bytes) -> QuantizedModel:
    return load_quantized(adder_tflite, "adder", "adds", ["a", "b"], ["sum"])


def report_of(model: QuantizedModel, *rows: Row) -> ParityReport:
    return ParityReport(model, 3, False, rows)


def test_the_adder_on_every_input(adder: QuantizedModel, keras_process: KerasProcess, adder_archive: bytes) -> None:
    inputs = parity_inputs(adder.inputs)
    tflm = TflmInterpreter(adder.tflite).invoke(inputs.arrays)
    reference = ReferenceInterpreter(adder.tflite).invoke(inputs.arrays)
    keras = keras_process.predict(adder_archive, adder.inputs[0].dequantize(inputs.arrays[0]))
    real = compare_real("int8 against Keras", keras, reference[0], adder.outputs[0], 2.0)
    exact = compare_exact("tflite-runtime against TFLM", tflm, reference, inputs.arrays)
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
    assert not row.within
    json.loads(report_of(adder, row).to_json(), parse_constant=pytest.fail)


def test_array_check_words() -> None:
    assert ArrayCheck("array", b"abc", b"abc").summary == "3 bytes, 0 mismatches"
    assert ArrayCheck("array", b"abc", b"ab").summary == "2 bytes instead of 3"
    assert ArrayCheck("array", b"abc", b"a\x00c").summary == "byte 1 is 0x00 instead of 0x62"
