"""In float on paper, in int8 as TFLM."""

from __future__ import annotations

import numpy as np
import pytest
from tinyml_pipeline.host.interpreters.tflm import TflmInterpreter
from tinyml_pipeline.quantization.convert import KerasProcess
from tinyml_pipeline.show.lessons import activations

from tests.conftest import BuildKeras


def test_activations_in_float() -> None:
    at_two = {function.name: function.exact[activations.X == 2][0] for function in activations.functions()}
    assert {name: f"{value:.4f}" for name, value in at_two.items()} == {
        "sigmoid": "0.8808",
        "tanh": "0.9640",
        "relu": "2.0000",
        "softmax": "0.7054",  # e^2 / (e^2 + e + 1/e)
    }


@pytest.mark.parametrize("name", ["sigmoid", "tanh", "relu", "softmax"])
def test_activations_in_int8_are_those_of_tflm(name: str, keras_process: KerasProcess, build_keras: BuildKeras) -> None:
    values = 3 if name == "softmax" else 1
    archive = build_keras(f"Sequential([Input(({values},)), layers.Activation('{name}')])")
    rows = np.stack([activations.X, np.full(256, 1.0), np.full(256, -1.0)], axis=1)[:, :values].astype(np.float32)
    tflite = keras_process.convert(archive, rows, False, name)
    stored = np.round(rows * 16).astype(np.int8)
    (answers,) = TflmInterpreter(tflite).invoke([stored])
    function = next(function for function in activations.functions() if function.name == name)
    zero_point = 0 if name == "tanh" else -128
    np.testing.assert_array_equal(answers[:, 0].astype(int) - zero_point, np.round(function.int8 / function.scale))
