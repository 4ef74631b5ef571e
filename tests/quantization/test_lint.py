"""The lint's words, and what load_quantized refuses."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import flatbuffers
import numpy as np
import pytest
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema
from tinyml_pipeline.compiler.read_tflite import read_tflite
from tinyml_pipeline.errors import ModelFileError
from tinyml_pipeline.quantization.convert import KerasProcess
from tinyml_pipeline.quantization.lint import lint
from tinyml_pipeline.quantization.quantized_model import QuantizedPort, load_quantized

from tests.conftest import BuildKeras
from tests.oracle import run_tflm
from tests.tflite_writer import Writer

HOW = (
    "Convert the float model with a representative dataset, TFLITE_BUILTINS_INT8, and inference_input_type and "
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
    assert refusal(linear_tflite[: len(linear_tflite) // 2]).startswith(
        "m.tflite: the .tflite file is damaged or cut short: "
    )


def test_empty() -> None:
    assert refusal(b"") == "m.tflite: the file is empty. Copy or convert the model again."


def test_random_bytes() -> None:
    assert refusal(np.random.default_rng(0).bytes(3000)) == (
        "m.tflite: this is not a .tflite file: the identifier TFL3 is missing at byte 4. Pass a TensorFlow Lite "
        "model, such as model.tflite."
    )


OTHER_KINDS = {
    "float": f"it is a float model (its tensors are float32), not int8. {HOW}",
    "dynamic_range": f"it is a dynamic-range model: int8 weights, but it computes in float32. {HOW}",
    "int16": f"it has int16 activations (16x8); supported: int8. {HOW}",
}


@pytest.mark.parametrize("how", OTHER_KINDS)
def test_other_kinds(build_keras: BuildKeras, convert_otherwise: Callable[..., bytes], how: str) -> None:
    archive = build_keras("Sequential([Input((32,)), layers.Dense(64), layers.Dense(1)])")
    assert refusal(convert_otherwise(archive, how)) == f"m.tflite: {OTHER_KINDS[how]}"


def test_batch_4(build_keras: BuildKeras, convert_otherwise: Callable[..., bytes]) -> None:
    assert refusal(convert_otherwise(build_keras(DENSE), "int8", batch=4)) == (
        "m.tflite: its input 'x' has batch 4 (shape [4, 3]); supported: one sample per inference. Convert it with a "
        "fixed batch of 1."
    )


def test_float_islands_are_remarked(keras_process: KerasProcess, build_keras: BuildKeras) -> None:
    archive = build_keras("Sequential([Input((3,)), layers.Dense(4), layers.ELU(), layers.Dense(1)])")
    inputs = np.random.default_rng(0).uniform(-1, 1, (50, 3)).astype(np.float32)
    report = lint(read_tflite(keras_process.convert(archive, inputs, False, "elu")))
    assert report.problems == ()
    assert report.remarks == (
        "ELU computes in float32 between int8 tensors, because the converter has no int8 form of it: slow in TFLM on a"
        " chip without a floating-point unit; plain C has a table of 256 bytes instead.",
    )


def test_prelu_stays_int8(keras_process: KerasProcess, build_keras: BuildKeras) -> None:
    archive = build_keras(
        "Sequential([Input((3,)), layers.Dense(4), layers.PReLU(alpha_initializer='random_normal'), layers.Dense(1)])"
    )
    inputs = np.random.default_rng(0).uniform(-1, 1, (50, 3)).astype(np.float32)
    report = lint(read_tflite(keras_process.convert(archive, inputs, False, "prelu")))
    assert report.problems == ()
    assert ("PRELU", 1, 1) in report.operations


def model(build: Callable[[Writer], tuple[list[int], list[int]]]) -> bytes:
    writer = Writer()
    return writer.build(*build(writer))


def one(kind: str, ports: tuple[str, str], shape: tuple[int, ...] = (1, 4)) -> bytes:
    def build(writer: Writer) -> tuple[list[int], list[int]]:
        source, output = (writer.tensor(shape, 0.1, 0, type=type) for type in ports)
        writer.operation(kind, [source], [output])
        return [source], [output]

    return model(build)


def float_softmax(writer: Writer) -> tuple[list[int], list[int]]:
    source, output = writer.tensor((1, 4), 0.1, 0), writer.tensor((1, 4), 0.1, 0)
    real = [writer.tensor((1, 4), type="FLOAT32", name=name) for name in ("wide", "shares")]
    writer.operation("DEQUANTIZE", [source], real[:1])
    writer.operation("SOFTMAX", real[:1], real[1:])
    writer.operation("QUANTIZE", real[1:], [output])
    return [source], [output]


def operation_without_tensors(writer: Writer) -> tuple[list[int], list[int]]:
    source, output = writer.tensor((1, 4), 0.1, 0), writer.tensor((1, 4), 0.1, 0)
    writer.operation("RELU", [], [])
    writer.operation("RELU", [source], [output])
    return [source], [output]


HAND_MADE = {
    "uint8": (
        one("RELU", ("UINT8", "UINT8")),
        f"it is quantized to uint8, TensorFlow Lite's scheme of before 2020; supported: int8. {HOW}",
    ),
    "integers": (one("NEG", ("INT32", "INT32")), f"its inputs or outputs are int32; supported: int8. {HOW}"),
    "softmax_in_float": (
        model(float_softmax),
        "SOFTMAX (op 1, 'shares') computes in float32 in the middle of the int8 model: the converter had no int8 form"
        " of it, or no range of its values. Replace the layer, or calibrate it.",
    ),
    "no_tensors": (model(operation_without_tensors), "relu (op 0) has no inputs; RELU has 1. Convert the model again."),
    "huge_ports": (
        one("RELU", ("INT8", "INT8"), (1, 3_000_000)),
        "tensor 't0' has 3,000,000 values (shape [1, 3000000]); supported: inputs and outputs of up to 1,048,576, more"
        " than the RAM of any supported board.",
    ),
}


@pytest.mark.parametrize("name", HAND_MADE)
def test_hand_made(name: str) -> None:
    tflite, message = HAND_MADE[name]
    assert refusal(tflite) == f"m.tflite: {message}"


@pytest.mark.parametrize(
    ("name", "words"),
    {
        "ethos-u": "Vela compiled this model for an Arm Ethos-U, and only that runs it. Pass the .tflite that Vela",
        "FlexErf": "which calls TensorFlow itself. Convert the model with TFLITE_BUILTINS_INT8 alone.",
        "Mine": "which is unsupported. Replace the layer that it comes from.",
    }.items(),
)
def test_custom_operators(name: str, words: str) -> None:
    tflite = one("CUSTOM", ("INT8", "INT8"))
    made = schema.ModelT.InitFromPackedBuf(tflite, 0)
    made.operatorCodes[0].customCode = name
    builder = flatbuffers.Builder(1024)
    builder.Finish(made.Pack(builder), b"TFL3")
    assert f"op 0 is the custom operator '{name}'" in refusal(bytes(builder.Output()))
    assert words in refusal(bytes(builder.Output()))


def test_a_vector_is_not_a_batch() -> None:
    assert lint(read_tflite(one("RELU", ("INT8", "INT8"), (4,)))).problems == ()


def test_a_scalar_is_one_value() -> None:
    assert lint(read_tflite(one("RELU", ("INT8", "INT8"), ()))).problems == ()


@pytest.mark.parametrize("steps", [2, 3, 5])
def test_an_unrolled_recurrent_layer_is_named(steps: int) -> None:
    writer = Writer()
    source = state = writer.tensor((1, 4), 0.1, 0)
    weights = writer.tensor((4, 4), 0.01, data=np.ones((4, 4), np.int8))
    for _ in range(steps):
        before, state = state, writer.tensor((1, 4), 0.1, 0)
        writer.operation("FULLY_CONNECTED", [before, weights], [state])
    remarks = lint(read_tflite(writer.build([source], [state]))).remarks
    wanted = f"a recurrent layer is unrolled into {steps} steps, so 16 parameters take the code and memory of {steps} "
    assert [remark.startswith(wanted) for remark in remarks] == ([] if steps == 2 else [True])


def test_a_triplet_of_twins_is_no_recurrent_layer() -> None:
    """Three uses of one dense layer, and none sees what another one gave."""
    writer = Writer()
    sources = [writer.tensor((1, 4), 0.1, 0) for _ in range(3)]
    weights = writer.tensor((4, 4), 0.01, data=np.ones((4, 4), np.int8))
    outputs = [writer.tensor((1, 4), 0.1, 0) for _ in sources]
    for source, output in zip(sources, outputs, strict=True):
        writer.operation("FULLY_CONNECTED", [source, weights], [output])
    assert lint(read_tflite(writer.build(sources, outputs))).remarks == ()


def types_line(*types: str, operations: tuple[str, ...]) -> str:
    """The second of the lines, of a chain of operators between tensors of these types."""
    writer = Writer()
    tensors = [writer.tensor((1, 4), *(() if kind == "FLOAT32" else (0.1, 0)), type=kind) for kind in types]
    for operation, (source, output) in zip(operations, pairwise(tensors), strict=True):
        writer.operation(operation, [source], [output])
    return lint(read_tflite(writer.build([tensors[0]], [tensors[-1]]))).lines()[1]


def test_the_types_of_tensors_are_told_as_they_are() -> None:
    assert types_line("INT8", "INT8", operations=("RELU",)) == "all 2 tensors are int8, batch 1"
    assert types_line("INT8", "INT8", "FLOAT32", operations=("RELU", "DEQUANTIZE")) == (
        "all 3 tensors are int8, batch 1, but outputs in float32"
    )
    island = types_line("INT8", "FLOAT32", "FLOAT32", "INT8", operations=("DEQUANTIZE", "ELU", "QUANTIZE"))
    assert island == "of 4 tensors 2 are float32, the others int8, batch 1"


def two_scales(name: str, given: tuple[float, int], wanted: tuple[float, int]) -> bytes:
    writer = Writer()
    sources = [writer.tensor((1, 4), *given) for _ in range(1 if name == "RELU6" else 2)]
    output = writer.tensor((1, 4), *wanted, name="model/clip;model/dense")
    writer.operation(name, sources, [output])
    return writer.build(sources, [output])


WRONG = "'model/clip') is wrong in TFLM: it never converts from the scale of its input to that of its output, so"
FUSE = "Put relu6 right behind Dense, Conv2D, DepthwiseConv2D or Add, whose output it then clamps, or use relu."
AGAIN = "Convert the model again: TensorFlow's converter gives inputs and output one scale."
CONVERTED = (6 / 77, 0), (6 / 255, -128)  # of ReLU(6.0) right behind an input from -10 to 10


@pytest.mark.parametrize(
    ("name", "scales", "remarks"),
    [
        ("RELU6", CONVERTED, (f"RELU6 (op 0, {WRONG} 0 becomes 3.01. {FUSE}",)),
        ("RELU6", ((0.05, -128), (0.1, -128)), (f"RELU6 (op 0, {WRONG} 6 becomes 12. {FUSE}",)),
        ("RELU6", ((0.05, 3), (0.05, 3)), ()),
        ("RELU6", ((0.05, 3), (0.050000001, 3)), ()),
        ("RELU", CONVERTED, ()),
        ("MAXIMUM", ((0.05, 0), (0.1, 0)), (f"MAXIMUM (op 0, {WRONG} -6.4 becomes -12.8. {AGAIN}",)),
        ("MINIMUM", ((0.05, 0), (0.05, 0)), ()),
    ],
)
def test_what_tflm_computes_wrongly_is_told(
    name: str, scales: tuple[tuple[float, int], tuple[float, int]], remarks: tuple[str, ...]
) -> None:
    found = lint(read_tflite(two_scales(name, *scales)))
    assert found.remarks == remarks
    assert [line for line in found.lines() if line.startswith("note: ")] == [f"note: {text}" for text in remarks]


def test_tflm_computes_it_wrongly() -> None:
    """As the remark says: 0 becomes 3.01."""
    (_, zero_point), (step, start) = CONVERTED
    stored = np.full((1, 1, 4), zero_point, np.int8)
    (actual,) = run_tflm(two_scales("RELU6", *CONVERTED), [stored])
    assert [f"{step * (int(value) - start):.3g}" for value in actual[0]] == ["3.01"] * 4


def int16_ports(writer: Writer) -> tuple[list[int], list[int]]:
    """int8 inside, int16 outside: not a 16x8 model, and no problem."""
    source, output = writer.tensor((1, 4), 0.1, 0, type="INT16"), writer.tensor((1, 4), 0.1, 0, type="INT16")
    inner, result = writer.tensor((1, 4), 0.1, 0), writer.tensor((1, 4), 0.1, 0)
    writer.operation("QUANTIZE", [source], [inner])
    writer.operation("RELU", [inner], [result])
    writer.operation("QUANTIZE", [result], [output])
    return [source], [output]


def test_ports_that_a_quantize_converts() -> None:
    report = lint(read_tflite(model(int16_ports)), [np.array([[0, 6553]], np.int16)])
    assert not report.problems
    assert report.lines()[-2:] == [
        "input t0: -3276.8 to 3276.7, one step is 0.1; 10 % of the int16 range is used",
        "output t1: -3276.8 to 3276.7, one step is 0.1",
    ]


def test_floats_that_only_move_are_no_problem() -> None:
    """The compiler moves int8 instead, in tensors that the file does not have."""

    def split(writer: Writer) -> tuple[list[int], list[int]]:
        source, axis = writer.tensor((1, 4), 0.1, 0), writer.tensor((), type="INT32", data=1)
        real, *halves = (writer.tensor((1, size), type="FLOAT32") for size in (4, 2, 2))
        outputs = [writer.tensor((1, 2), 0.1, 0) for _ in halves]
        writer.operation("DEQUANTIZE", [source], [real])
        writer.operation("SPLIT", [axis, real], halves, numSplits=2)
        for half, output in zip(halves, outputs, strict=True):
            writer.operation("QUANTIZE", [half], [output])
        return [source], outputs

    assert lint(read_tflite(model(split))).problems == ()
