"""Unrolled recurrent layers from Keras, as the project converts them: compiled, and equal to TFLM."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tinyml_pipeline.compiler.read_tflite import read_tflite
from tinyml_pipeline.host.interpreters.one_operation import run_operation
from tinyml_pipeline.quantization.convert import KerasProcess
from tinyml_pipeline.quantization.lint import lint

from tests.conftest import BuildKeras
from tests.host import compile_model, run_library
from tests.networks import edge_vectors
from tests.oracle import run_tflm


@pytest.mark.parametrize("layer", ["GRU", "LSTM"])
def test_equal_to_tflm(keras_process: KerasProcess, build_keras: BuildKeras, layer: str, tmp_path: Path) -> None:
    archive = build_keras(f"Sequential([Input((4, 3)), layers.{layer}(5, unroll=True), layers.Dense(2)])")
    rng = np.random.default_rng(0)
    tflite = keras_process.convert(archive, rng.uniform(-1, 1, (100, 4, 3)).astype(np.float32), False, layer)
    assert lint(read_tflite(tflite)).problems == ()
    inputs = [edge_vectors(rng, (1, 4, 3), 300)]
    (actual,) = run_library(compile_model(tflite, evaluate=run_operation), inputs, tmp_path)
    np.testing.assert_array_equal(actual, run_tflm(tflite, inputs)[0])
