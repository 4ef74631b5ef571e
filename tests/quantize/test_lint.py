"""The lint's words, and what load_quantized refuses."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from tinyml_pipeline.compiler.read_tflite import read_tflite
from tinyml_pipeline.errors import ModelFileError
from tinyml_pipeline.quantize.convert import KerasProcess
from tinyml_pipeline.quantize.lint import lint
from tinyml_pipeline.quantize.quantized_model import QuantizedPort, load_quantized

from tests.conftest import BuildKeras

HOW = (
    "Convert it with a representative dataset, TFLITE_BUILTINS_INT8, and inference_input_type and "
    "inference_output_type set to int8."
)
DENSE = "Sequential([Input((3,), name='x'), layers.Dense(32, name='first'), layers.Dense(1)])"


def refusal(tflite: bytes) -> str:
    with pytest.raises(ModelFileError) as caught:
        load_quantized(tflite, "m.tflite")
    return str(caught.value)


def test_lines_of_the_adder(adder_tflite: bytes) -> None:
    graph = read_tflite(adder_tflite)
    inputs = np.full((2, 2), -128, np.int8)
    inputs[1] = 127
    assert lint(graph, [inputs], [np.array([[-128], [-1]], np.int8)]).lines() == [
        "operations: 3 x FULLY_CONNECTED v4",
        "all 10 tensors are int8 (biases int32), batch 1, dense layers per tensor",
        "input input: 0 to 100, one step is 0.3922; 100 % of the int8 range is used",
        "output output: 0 to 200, one step is 0.7843; 50 % of the int8 range is used",
    ]


def test_lines_with_the_names_of_values(adder_tflite: bytes) -> None:
    lines = load_quantized(adder_tflite, "adder", "adds", ["a", "b"], ["sum"]).lint().lines()
    assert lines[2:] == ["input a, b: 0 to 100, one step is 0.3922", "output sum: 0 to 200, one step is 0.7843"]


def test_ports_of_the_adder(adder_tflite: bytes) -> None:
    model = load_quantized(adder_tflite, "adder", "adds", ["a", "b"], ["sum"])
    assert (model.name, model.summary, model.sha256) == ("adder", "adds", model.graph.sha256)
    (port,), (output,) = model.inputs, model.outputs
    assert (port.name, port.values, port.shape, port.size, port.zero_point) == ("input", ("a", "b"), (2,), 2, -128)
    assert (output.name, output.values, output.shape) == ("output", ("sum",), (1,))
    assert (port.low, round(port.high, 5)) == (0, 100)


def test_quantize_rounds_half_away_from_zero_and_saturates() -> None:
    port = QuantizedPort("x", (), (7,), 0.5, 3)
    real = [-1000, -0.75, -0.25, 0.0, 0.25, 0.75, 1000]
    np.testing.assert_array_equal(port.quantize(real), [-128, 1, 2, 3, 4, 5, 127])
    np.testing.assert_array_equal(port.dequantize(np.array([-128, 3, 127], np.int8)), [-65.5, 0, 62])
    assert port.describe(np.array([3] * 9, np.int8)).endswith("x[7] = 3 (0), ... (9 values)")


def test_truncated(linear_tflite: bytes) -> None:
    assert refusal(linear_tflite[: len(linear_tflite) // 2]).startswith("m.tflite: the .tflite file is broken: ")


def test_empty() -> None:
    assert refusal(b"") == "m.tflite: the .tflite file is empty. Convert or copy the model again."


def test_random_bytes() -> None:
    assert refusal(np.random.default_rng(0).bytes(3000)) == (
        "m.tflite: this is not a .tflite file: the identifier TFL3 is missing. Give a TensorFlow Lite model."
    )


OTHER_KINDS = {
    "float": f"it is a float model (its tensors are float32), not int8. {HOW}",
    "dynamic_range": f"it is a dynamic-range model: int8 weights, but it computes in float32. {HOW}",
    "int16": f"it has int16 activations (16x8), which no two runtimes compute alike; only int8 is taken. {HOW}",
}


@pytest.mark.parametrize("how", OTHER_KINDS)
def test_other_kinds(build_keras: BuildKeras, convert_otherwise: Callable[..., bytes], how: str) -> None:
    archive = build_keras("Sequential([Input((32,)), layers.Dense(64), layers.Dense(1)])")
    assert refusal(convert_otherwise(archive, how)) == f"m.tflite: {OTHER_KINDS[how]}"


def test_batch_4(build_keras: BuildKeras, convert_otherwise: Callable[..., bytes]) -> None:
    assert refusal(convert_otherwise(build_keras(DENSE), "int8", batch=4)) == (
        "m.tflite: its input 'x' has batch 4 (shape [4, 3]); a microcontroller runs one inference at a time. Convert "
        "it with a fixed batch of 1."
    )


ISLANDS = {
    "elu": (
        "layers.ELU(name='bend')",
        "ELU (op 2, 'sequential_1/bend_1/Elu') computes in float32 in the middle of the int8 model, because TensorFlow "
        "Lite has no int8 form of it. Use relu or leaky_relu instead.",
    ),
    "selu": (
        "layers.Activation('selu', name='bend')",
        "GREATER (op 1) gives BOOL, not int8 (tensor 'sequential_1/bend_1/Selu4'). Replace the layer that it comes "
        "from.",
    ),
}


@pytest.mark.parametrize("case", ISLANDS)
def test_float_islands(keras_process: KerasProcess, build_keras: BuildKeras, case: str) -> None:
    layer, message = ISLANDS[case]
    archive = build_keras(f"Sequential([Input((3,)), layers.Dense(4), {layer}, layers.Dense(1)])")
    inputs = np.random.default_rng(0).uniform(-1, 1, (50, 3)).astype(np.float32)
    assert refusal(keras_process.convert(archive, inputs, False, case)) == f"m.tflite: {message}"


def test_prelu_stays_int8(keras_process: KerasProcess, build_keras: BuildKeras) -> None:
    archive = build_keras(
        "Sequential([Input((3,)), layers.Dense(4), layers.PReLU(alpha_initializer='random_normal'), layers.Dense(1)])"
    )
    inputs = np.random.default_rng(0).uniform(-1, 1, (50, 3)).astype(np.float32)
    report = lint(read_tflite(keras_process.convert(archive, inputs, False, "prelu")))
    assert report.problems == ()
    assert ("PRELU", 1, 1) in report.operations
