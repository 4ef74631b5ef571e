"""Which inputs are compared, and which become the firmware's golden vectors."""

from __future__ import annotations

import numpy as np
import pytest
from tinyml_pipeline.host.interpreters.tflm import TflmInterpreter
from tinyml_pipeline.parity.vectors import all_inputs, golden_vectors, parity_inputs
from tinyml_pipeline.quantization.quantized_model import QuantizedPort, load_quantized


def port(size: int, zero_point: int = 5) -> QuantizedPort:
    return QuantizedPort("x", (), (size,), 0.1, zero_point)


def rows(arrays: tuple[np.ndarray, ...]) -> np.ndarray:
    return np.concatenate([array.reshape(len(array), -1) for array in arrays], axis=1)


@pytest.mark.parametrize("ports", [[port(1)], [port(2)], [port(1), port(1)]])
def test_up_to_two_values_are_covered_completely(ports: list[QuantizedPort]) -> None:
    inputs = parity_inputs(ports)
    values = rows(inputs.arrays)
    assert inputs.exhaustive
    assert len(np.unique(values, axis=0)) == len(values) == len(inputs) == 256 ** values.shape[1]
    assert [array.shape[1:] for array in inputs.arrays] == [port.shape for port in ports]


def test_three_values_are_not_listed() -> None:
    with pytest.raises(ValueError, match=r"256\^3"):
        all_inputs([port(3)])


def test_larger_models_get_edges_samples_and_random_vectors() -> None:
    samples = np.full((50, 3), 0.31, np.float32)
    inputs = parity_inputs([port(3)], [samples], 300, seed=1)
    values = rows(inputs.arrays).tolist()
    assert not inputs.exhaustive
    assert len(values) == 300
    for edge in ([-128] * 3, [127] * 3, [5] * 3, [-128, 5, 5], [5, 5, 127]):
        assert edge in values
    assert [8] * 3 in values
    np.testing.assert_array_equal(rows(parity_inputs([port(3)], [samples], 300, seed=1).arrays), values)


def test_golden_vectors_hold_checks_edges_and_a_spread(adder_tflite: bytes) -> None:
    model = load_quantized(adder_tflite, "adder", "", ["a", "b"], ["sum"])
    infer = TflmInterpreter(adder_tflite).invoke
    golden = golden_vectors(model, infer, (((10, 2), (12,)), ((100, 100), (200,))))
    inputs = golden.inputs[0].tolist()
    assert len(golden) == 16 == len(np.unique(golden.inputs[0], axis=0))
    assert inputs[0] == model.inputs[0].quantize([10, 2]).tolist()
    assert [127, 127] in inputs
    assert [-128, -128] in inputs
    assert len(np.unique(golden.outputs[0])) >= 12
    np.testing.assert_array_equal(golden.outputs[0], infer(golden.inputs)[0])
    again = golden_vectors(model, infer, (((10, 2), (12,)), ((100, 100), (200,))))
    np.testing.assert_array_equal(golden.inputs[0], again.inputs[0])


def test_golden_vectors_of_one_value(linear_tflite: bytes) -> None:
    model = load_quantized(linear_tflite, "linear")
    golden = golden_vectors(model, TflmInterpreter(linear_tflite).invoke)
    assert len(golden) == 16 == len(np.unique(golden.inputs[0]))
