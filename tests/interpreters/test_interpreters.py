"""TFLM and tflite-runtime: that they agree, what they refuse, and how small an arena can be."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from tinyml_pipeline import tools
from tinyml_pipeline.compiler.read_tflite import read_tflite
from tinyml_pipeline.errors import ModelFileError, UnsupportedError
from tinyml_pipeline.host.interpreters.reference import ReferenceInterpreter
from tinyml_pipeline.host.interpreters.reference_runtime import load_runtime
from tinyml_pipeline.host.interpreters.tflm import TflmInterpreter, minimum_arena_bytes, tensors_after
from tinyml_pipeline.parity.vectors import all_inputs
from tinyml_pipeline.quantization.convert import KerasProcess
from tinyml_pipeline.quantization.quantized_model import load_quantized

from tests.conftest import BuildKeras
from tests.intermediates import with_intermediates
from tests.tools import PATIENCE_S

ROOT = Path(__file__).parents[2]
# Models made elsewhere: vectors to try, the largest difference in steps, and why it is not 0.
SHARED = {
    "hello_world_int8.tflite": (2000, 0, ""),
    "kws_ref_model.tflite": (60, 0, ""),
    "ad01_int8.tflite": (300, 1, "tflite-runtime rounds about 10 outputs in a million the other way"),
}
LITERT_STEPS = 4
"""How far LiteRT, which Python 3.12 and later have instead of tflite-runtime, is from TFLM on these at most."""


def largest_difference(of_tflite_runtime: int) -> int:
    return of_tflite_runtime if load_runtime()[1] == "tflite-runtime" else LITERT_STEPS


def shared_model(name: str) -> bytes:
    path = ROOT.parent / "shared" / "models" / name
    if not path.exists():
        pytest.skip(f"{name} is not beside this checkout")
    return path.read_bytes()


def random_inputs(tflite: bytes, count: int) -> tuple[np.ndarray, ...]:
    graph = read_tflite(tflite)
    random = np.random.default_rng(0)
    shapes = [graph.tensors[index].shape[1:] for index in graph.inputs]
    return tuple(random.integers(-128, 128, (count, *shape), dtype=np.int8) for shape in shapes)


@pytest.mark.parametrize("name", SHARED)
def test_agreement_on_models_from_elsewhere(name: str) -> None:
    count, largest, _ = SHARED[name]
    tflite = shared_model(name)
    inputs = random_inputs(tflite, count)
    (expected,), (got,) = TflmInterpreter(tflite).invoke(inputs), ReferenceInterpreter(tflite).invoke(inputs)
    assert expected.shape == got.shape
    assert np.abs(expected.astype(int) - got).max() <= largest_difference(largest)


def test_agreement_on_every_input_of_the_adder(adder_tflite: bytes) -> None:
    inputs = all_inputs(load_quantized(adder_tflite, "adder").inputs)
    (expected,), (got,) = (
        TflmInterpreter(adder_tflite).invoke(inputs),
        ReferenceInterpreter(adder_tflite).invoke(inputs),
    )
    assert expected.shape == (65536, 1)
    assert np.abs(expected.astype(int) - got).max() <= largest_difference(0)


@pytest.mark.parametrize("interpreter", [TflmInterpreter, ReferenceInterpreter])
def test_several_inputs_and_outputs(
    keras_process: KerasProcess, build_keras: BuildKeras, interpreter: type[TflmInterpreter]
) -> None:
    archive = build_keras(
        "(lambda b, a: keras.Model([b, a], [layers.ReLU()(b), layers.Add()([a, a])]))(Input((2, 2)), Input((3,)))"
    )
    samples = [np.linspace(-1, 1, 40 * n, dtype=np.float32) for n in (4, 3)]
    tflite = keras_process.convert(archive, [samples[0].reshape(40, 2, 2), samples[1].reshape(40, 3)], False, "two")
    model = load_quantized(tflite, "two")
    inputs = (np.full((5, 2, 2), 100, np.int8), np.arange(15, dtype=np.int8).reshape(5, 3))
    first, second = interpreter(tflite).invoke(inputs)
    assert (first.shape, second.shape) == ((5, 2, 2), (5, 3))
    doubled = 2 * model.inputs[1].dequantize(inputs[1])
    np.testing.assert_allclose(model.outputs[1].dequantize(second), doubled, atol=model.outputs[1].scale)


@pytest.mark.parametrize("interpreter", [TflmInterpreter, ReferenceInterpreter])
def test_broken_files_are_refused_before_the_library_sees_them(
    interpreter: type[TflmInterpreter], linear_tflite: bytes
) -> None:
    with pytest.raises(ModelFileError) as caught:
        interpreter(np.random.default_rng(0).bytes(1000))
    assert str(caught.value) == (
        "this is not a .tflite file: the identifier TFL3 is missing at byte 4. Pass a TensorFlow Lite model, such as"
        " model.tflite."
    )
    with pytest.raises(ModelFileError, match=r"^the \.tflite file is damaged or cut short: "):
        interpreter(linear_tflite[:700])


@pytest.fixture(scope="module")
def gelu_tflite(keras_process: KerasProcess, build_keras: BuildKeras) -> bytes:
    archive = build_keras("Sequential([Input((3,)), layers.Dense(4, activation='gelu')])")
    return keras_process.convert(archive, np.linspace(-1, 1, 90, dtype=np.float32).reshape(30, 3), False, "gelu")


def test_tflm_says_which_operation_it_lacks(gelu_tflite: bytes, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(UnsupportedError) as caught:
        TflmInterpreter(gelu_tflite)
    assert str(caught.value) == "TFLM cannot run this model: Didn't find op for builtin opcode 'GELU'."
    assert capfd.readouterr() == ("", "")


def test_the_arena_search_says_the_same(gelu_tflite: bytes) -> None:
    with pytest.raises(UnsupportedError) as caught:
        minimum_arena_bytes(gelu_tflite)
    assert str(caught.value) == "TFLM cannot run this model: Didn't find op for builtin opcode 'GELU'."


def test_other_types_are_refused(build_keras: BuildKeras, convert_otherwise: object) -> None:
    assert callable(convert_otherwise)
    float_model = convert_otherwise(build_keras("Sequential([Input((3,)), layers.Dense(1)])"), "float")
    with pytest.raises(ModelFileError) as caught:
        TflmInterpreter(float_model)
    assert str(caught.value) == "its input 'x' is float32; only int8 models are run here."


def test_wrong_arrays_are_a_programming_error(linear_tflite: bytes) -> None:
    with pytest.raises(ValueError, match=r"int8 \(5, 2\) do not fit 5 vectors of int8 \(1, 1\)"):
        TflmInterpreter(linear_tflite).invoke([np.zeros((5, 2), np.int8)])


@pytest.mark.parametrize("name", ["linear", "adder", "hello_world_int8.tflite"])
def test_the_minimum_arena_is_minimal(name: str, linear_tflite: bytes, adder_tflite: bytes) -> None:
    tflite = {"linear": linear_tflite, "adder": adder_tflite}.get(name) or shared_model(name)
    smallest = minimum_arena_bytes(tflite)
    assert smallest % 16 == 0
    assert smallest == minimum_arena_bytes(tflite)
    inputs = random_inputs(tflite, 10)
    np.testing.assert_array_equal(
        TflmInterpreter(tflite, smallest).invoke(inputs)[0], TflmInterpreter(tflite).invoke(inputs)[0]
    )
    with pytest.raises(
        UnsupportedError, match=rf"^TFLM cannot run this model in an arena of {smallest - 16:,} bytes: "
    ):
        TflmInterpreter(tflite, smallest - 16).invoke(inputs)


def test_tflite_runtime_after_tensorflow_runs_its_own_kernels(adder_tflite: bytes, tmp_path: Path) -> None:
    """In one process, TensorFlow's symbols would be taken instead, or the import would fail."""
    path = tmp_path / "model.tflite"
    path.write_bytes(adder_tflite)
    script = (
        "import sys, numpy as np, {first}\n"
        "from tinyml_pipeline.host.interpreters.reference import ReferenceInterpreter\n"
        "inputs = np.random.default_rng(0).integers(-128, 128, (500, 2), dtype=np.int8)\n"
        "out, = ReferenceInterpreter(open(sys.argv[1], 'rb').read()).invoke([inputs])\n"
        "sys.stdout.buffer.write(out.tobytes())\n"
    )
    answers = [
        tools.run([sys.executable, "-c", script.format(first=first), path], timeout_s=PATIENCE_S, cwd=ROOT).stdout
        for first in ("tensorflow", "os")
    ]
    assert len(answers[0]) == 500
    assert answers[0] == answers[1]


def test_every_tensor_after_one_vector(adder_tflite: bytes) -> None:
    """The numbers that TFLM gives where each operator's output is an output of the model."""
    vector = np.array([[-102, 37]], np.int8)
    model = load_quantized(adder_tflite, "adder")
    found = tensors_after(model, [vector])
    more, _ = with_intermediates(adder_tflite)
    outputs = [index for operation in model.graph.operations for index in operation.outputs]
    for index, expected in zip(outputs, TflmInterpreter(more).invoke([vector]), strict=True):
        assert found[index].dtype == np.int8
        np.testing.assert_array_equal(found[index].reshape(-1), expected.reshape(-1))
