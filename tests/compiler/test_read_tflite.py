"""The reader: what a sound file becomes, and one clear line for every kind of broken one."""

from __future__ import annotations

import struct
from collections.abc import Callable

import flatbuffers
import numpy as np
import pytest
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema
from tinyml_pipeline.compiler.graph import Quantization
from tinyml_pipeline.compiler.read_tflite import read_tflite
from tinyml_pipeline.errors import ModelFileError

from tests.fuzz_reader import corpus, run_range
from tests.tflite_writer import Writer


def small() -> bytes:
    writer = Writer()
    source = writer.tensor((1, 2), 0.1, -3, name="serving_default_x:0")
    output = writer.fully_connected(
        source,
        np.array([[1, -2], [3, 4]], np.int8),
        [0.5, 0.25],
        np.array([7, -8], np.int32),
        0.2,
        5,
        activation="RELU",
    )
    return writer.build([source], [output])


def edited(edit: Callable[[schema.ModelT], None]) -> bytes:
    """`small()` with one thing changed."""
    model = schema.ModelT.InitFromPackedBuf(small(), 0)
    edit(model)
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def test_a_graph_holds_what_the_file_says() -> None:
    graph = read_tflite(small())
    (operation,) = graph.operations
    assert (operation.name, operation.version, operation.inputs, operation.outputs) == (
        "FULLY_CONNECTED",
        4,
        (0, 1, 2),
        (3,),
    )
    assert operation.options["fused_activation_function"] == "RELU"
    assert operation.options["keep_num_dims"] is False
    weights = graph.tensors[1]
    assert (weights.type, weights.shape, weights.is_constant) == ("INT8", (2, 2), True)
    assert weights.quantization == Quantization((0.5, 0.25), (0, 0), 0)
    np.testing.assert_array_equal(weights.values, [[1, -2], [3, 4]])
    np.testing.assert_array_equal(graph.tensors[2].values, [7, -8])
    assert graph.tensors[0].quantization == Quantization((float(np.float32(0.1)),), (-3,))
    assert (graph.inputs, graph.outputs) == ((0,), (3,))
    assert graph.input_names == ("serving_default_x:0",)
    assert graph.constant_bytes == 12
    assert len(graph.sha256) == 64


def test_equal_files_give_equal_graphs() -> None:
    assert read_tflite(small()) == read_tflite(small())


def test_float_and_unknown_layers_are_data() -> None:
    writer = Writer()
    source, output = writer.tensor((1, 4), type="FLOAT32"), writer.tensor((1, 4), type="FLOAT32")
    writer.operation("HARD_SWISH", [source], [output])
    graph = read_tflite(writer.build([source], [output]))
    assert graph.operations[0].name == "HARD_SWISH"
    assert graph.tensors[0].type == "FLOAT32"
    assert graph.tensors[0].quantization is None


def tensor(index: int, field: str, value: object) -> Callable[[schema.ModelT], None]:
    return lambda model: setattr(model.subgraphs[0].tensors[index], field, value)


def quantization(index: int, field: str, value: object) -> Callable[[schema.ModelT], None]:
    return lambda model: setattr(model.subgraphs[0].tensors[index].quantization, field, value)


def operator(field: str, value: object) -> Callable[[schema.ModelT], None]:
    return lambda model: setattr(model.subgraphs[0].operators[0], field, value)


def subgraph(field: str, value: object) -> Callable[[schema.ModelT], None]:
    return lambda model: setattr(model.subgraphs[0], field, value)


def add_options(model: schema.ModelT) -> None:
    model.subgraphs[0].operators[0].builtinOptionsType = schema.BuiltinOptions.AddOptions
    model.subgraphs[0].operators[0].builtinOptions = schema.AddOptionsT()


def with_options(model: schema.ModelT, name: str, options: str) -> None:
    code = getattr(schema.BuiltinOperator, name)
    model.operatorCodes[0].builtinCode = model.operatorCodes[0].deprecatedBuiltinCode = code
    model.subgraphs[0].operators[0].builtinOptionsType = getattr(schema.BuiltinOptions, f"{options}Options")
    model.subgraphs[0].operators[0].builtinOptions = getattr(schema, f"{options}OptionsT")()


def with_callers(model: schema.ModelT, *names: str) -> None:
    model.subgraphs.append(model.subgraphs[0])
    for name in names:
        code = schema.OperatorCodeT()
        code.builtinCode, code.version = getattr(schema.BuiltinOperator, name), 1
        model.operatorCodes.append(code)


def broken(what: str) -> str:
    return f"the .tflite file is damaged or cut short: {what}. Convert or copy the model again."


def contradiction(what: str) -> str:
    return f"the model contradicts itself: {what}. Convert it again."


def unknown(what: str) -> str:
    return (
        f"{what} is not in the schema that this program knows: the .tflite file is damaged, or newer than this program."
        " Convert or copy the model again."
    )


BROKEN = {
    "buffer_just_behind_the_last": (edited(tensor(1, "buffer", 3)), broken("tensor 1 names buffer 3 of 3")),
    "too_many_dimensions": (
        edited(tensor(0, "shape", [1] * 17)),
        "tensor 0 has 17 dimensions; supported: up to 16.",
    ),
    "scale_infinite": (
        edited(quantization(0, "scale", np.array([np.inf], np.float32))),
        "tensor 0 has the scale inf; supported: finite and not negative. Convert the model again.",
    ),
    "zero_point_above_32_bits": (
        edited(quantization(0, "zeroPoint", np.array([2**31], np.int64))),
        "tensor 0 has the zero point 2147483648; supported: 32 bits. Convert the model again.",
    ),
    "zero_point_below_32_bits": (
        edited(quantization(0, "zeroPoint", np.array([-(2**31) - 1], np.int64))),
        "tensor 0 has the zero point -2147483649; supported: 32 bits. Convert the model again.",
    ),
    "operator_code_just_behind_the_last": (
        edited(operator("opcodeIndex", 1)),
        broken("op 0 names operator code 1 of 1"),
    ),
    "operator_input_just_behind_the_last": (
        edited(operator("inputs", [0, 1, 4])),
        broken("fully_connected (op 0): inputs name tensor 4 of 4"),
    ),
    "operator_input_minus_2": (
        edited(operator("inputs", [0, 1, -2])),
        broken("fully_connected (op 0): inputs name tensor -2 of 4"),
    ),
    "model_output": (edited(subgraph("outputs", [4])), broken("the model's outputs name tensor 4 of 4")),
    "options_type": (
        edited(operator("builtinOptionsType", 255)),
        unknown("fully_connected (op 0): options type 255"),
    ),
    "activation": (
        edited(lambda model: setattr(model.subgraphs[0].operators[0].builtinOptions, "fusedActivationFunction", 99)),
        unknown("fully_connected (op 0): fused activation 99"),
    ),
    "input_1_unwritten": (
        edited(lambda model: (subgraph("inputs", [])(model), operator("inputs", [1, 0, 2])(model))[0]),
        contradiction("fully_connected (op 0) reads tensor 0 before anything has written it"),
    ),
    "schema_version": (
        edited(lambda model: setattr(model, "version", 2)),
        "the .tflite file has schema version 2; supported: 3. Convert the model again with TensorFlow 2.",
    ),
    "two_subgraphs": (
        edited(lambda model: model.subgraphs.append(model.subgraphs[0])),
        "the model has 2 subgraphs, which no operator calls: several models in one file; supported: 1. Convert one"
        " signature alone.",
    ),
    "state_in_a_subgraph": (
        edited(lambda model: with_callers(model, "CALL_ONCE", "VAR_HANDLE")),
        "the model has 2 subgraphs, called by CALL_ONCE, which sets up state; supported: 1. Convert it without resource"
        " variables.",
    ),
    "loop": (
        edited(lambda model: with_callers(model, "IF", "WHILE")),
        "the model has 2 subgraphs, called by IF, WHILE; supported: 1. Convert it without loops and branches, recurrent"
        " layers unrolled.",
    ),
    "no_subgraph": (
        edited(lambda model: setattr(model, "subgraphs", [])),
        contradiction("it has no subgraph"),
    ),
    "sparse": (
        edited(tensor(1, "sparsity", schema.SparsityParametersT())),
        "tensor 1 ('t1') is sparse; supported: dense tensors. Convert it without sparsity.",
    ),
    "element_type": (edited(tensor(0, "type", 99)), unknown("tensor 0: element type 99")),
    "open_shape": (
        edited(tensor(0, "shape", [-1, 2])),
        "tensor 0 ('serving_default_x:0') has the open shape [-1, 2]; supported: fixed sizes. Convert the model with a"
        " fixed input shape and a batch of 1.",
    ),
    "negative_dimension": (
        edited(tensor(0, "shape", [1, -2])),
        contradiction("tensor 0 has the shape [1, -2], with a negative size"),
    ),
    "buffer_index": (edited(tensor(1, "buffer", 77)), broken("tensor 1 names buffer 77 of 3")),
    "constant_size": (
        edited(tensor(1, "shape", [2, 3])),
        contradiction("tensor 1 holds 4 bytes, and its shape [2, 3] of INT8 needs 6"),
    ),
    "scale_nan": (
        edited(quantization(0, "scale", np.array([np.nan], np.float32))),
        "tensor 0 has the scale nan; supported: finite and not negative. Convert the model again.",
    ),
    "scale_negative": (
        edited(quantization(0, "scale", np.array([-0.5], np.float32))),
        "tensor 0 has the scale -0.5; supported: finite and not negative. Convert the model again.",
    ),
    "zero_point_64_bits": (
        edited(quantization(0, "zeroPoint", np.array([2**40], np.int64))),
        "tensor 0 has the zero point 1099511627776; supported: 32 bits. Convert the model again.",
    ),
    "operator_code": (edited(operator("opcodeIndex", 9)), broken("op 0 names operator code 9 of 1")),
    "operator": (
        edited(lambda model: setattr(model.operatorCodes[0], "builtinCode", 9999)),
        unknown("an operator code 9999"),
    ),
    "operator_input": (
        edited(operator("inputs", [0, 1, 44])),
        broken("fully_connected (op 0): inputs name tensor 44 of 4"),
    ),
    "operator_output": (
        edited(operator("outputs", [-1])),
        broken("fully_connected (op 0): outputs name tensor -1 of 4"),
    ),
    "options_of_another_operator": (
        edited(add_options),
        contradiction("fully_connected (op 0) carries AddOptions instead of FullyConnectedOptions"),
    ),
    "options_of_a_pool": (
        edited(lambda model: with_options(model, "AVERAGE_POOL_2D", "Conv2D")),
        contradiction("average_pool_2d (op 0) carries Conv2DOptions instead of Pool2DOptions"),
    ),
    "options_of_a_reduction": (
        edited(lambda model: with_options(model, "MEAN", "Add")),
        contradiction("mean (op 0) carries AddOptions instead of ReducerOptions"),
    ),
    "model_input": (edited(subgraph("inputs", [8])), broken("the model's inputs name tensor 8 of 4")),
    "constant_input": (
        edited(subgraph("inputs", [1])),
        "input 0 of the model is tensor 1, which is a constant; supported: inputs of their own. Convert the model"
        " again.",
    ),
    "input_twice": (
        edited(subgraph("inputs", [0, 0])),
        "input 1 of the model is tensor 0, which is input 0; supported: inputs of their own. Convert the model again.",
    ),
    "unwritten": (
        edited(subgraph("inputs", [])),
        contradiction("fully_connected (op 0) reads tensor 0 before anything has written it"),
    ),
    "written_twice": (
        edited(operator("outputs", [0])),
        "fully_connected (op 0) writes tensor 0, which is input 0; supported: outputs of their own. Convert the model"
        " again.",
    ),
    "written_by_two": (
        edited(lambda model: model.subgraphs[0].operators.append(model.subgraphs[0].operators[0])),
        "fully_connected (op 1) writes tensor 3, which is the output of fully_connected (op 0); supported: outputs of"
        " their own. Convert the model again.",
    ),
    "unwritten_output": (
        edited(subgraph("operators", [])),
        contradiction("tensor 3 is a model output, but nothing writes it"),
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken(name: str) -> None:
    data, message = BROKEN[name]
    with pytest.raises(ModelFileError) as caught:
        read_tflite(data)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    {
        "axis_of_a_bias": ("quantizedDimension", 3, ((0.5, 0.25), (0, 0), 3)),
        "one_zero_point_for_all": ("zeroPoint", np.zeros(1, np.int64), ((0.5, 0.25), (0, 0), 0)),
        "as_many_as_tflm_looks_at": ("zeroPoint", np.zeros(3, np.int64), ((0.5, 0.25), (0, 0), 0)),
    }.values(),
)
def test_what_tflm_runs_is_read(field: str, value: object, expected: tuple[object, ...]) -> None:
    """Published person detectors have a bias with scales along an axis that it does not have."""
    assert read_tflite(edited(quantization(1, field, value))).tensors[1].quantization == Quantization(*expected)


def test_the_version_of_an_operator_does_not_matter() -> None:
    """TFLM does not look at it."""
    graph = read_tflite(edited(lambda model: setattr(model.operatorCodes[0], "version", 0)))
    assert graph.operations[0].version == 0


def test_scales_without_a_zero_point_are_no_quantization() -> None:
    assert read_tflite(edited(quantization(0, "zeroPoint", None))).tensors[0].quantization is None


def test_bytes_behind_a_constant_are_ignored() -> None:
    graph = read_tflite(edited(tensor(1, "shape", [1, 2])))
    np.testing.assert_array_equal(graph.tensors[1].values, [[1, -2]])


def test_control_characters_of_a_name_are_shown() -> None:
    name = "a\x1b[31m\n\u202eb\x00\u200bc"
    graph = read_tflite(edited(tensor(0, "name", name)))
    assert graph.tensors[0].name == r"a\x1b[31m\n\u202eb\x00\u200bc"


def test_a_custom_operator_may_read_what_nothing_writes() -> None:
    """Vela's scratch tensors; such an operator is refused by its name later."""

    def make(model: schema.ModelT) -> None:
        model.operatorCodes[0].builtinCode = schema.BuiltinOperator.CUSTOM
        model.operatorCodes[0].deprecatedBuiltinCode = schema.BuiltinOperator.CUSTOM
        model.operatorCodes[0].customCode = "ethos-u"
        operator = model.subgraphs[0].operators[0]
        operator.builtinOptions, operator.builtinOptionsType = None, 0
        operator.inputs = [0, 1, 2, len(model.subgraphs[0].tensors)]
        model.subgraphs[0].tensors.append(model.subgraphs[0].tensors[0])

    assert read_tflite(edited(make)).operations[0].name == "CUSTOM:ethos-u"


def test_every_truncation_is_refused() -> None:
    data = small()
    for length in range(len(data)):
        with pytest.raises(ModelFileError):
            read_tflite(data[:length])


def test_random_bytes_are_refused() -> None:
    rng = np.random.default_rng(0)
    for _ in range(500):
        data = bytearray(rng.bytes(int(rng.integers(0, 300))))
        data[4:8] = b"TFL3"
        with pytest.raises(ModelFileError):
            read_tflite(bytes(data))


def test_a_table_that_points_backwards_out_of_the_file_is_refused() -> None:
    """Python would read from the end of the file instead."""
    data = bytearray(small())
    (root,) = struct.unpack_from("<I", data)
    struct.pack_into("<i", data, root, root + 100)
    with pytest.raises(ModelFileError) as caught:
        read_tflite(bytes(data))
    assert str(caught.value) == broken("a table's layout lies outside the file")


OUTSIDE = "a table's layout lies outside the file"
DAMAGED = "a table's layout is damaged"


def with_layout(*fields: int, table_bytes: int, cut: int = 0) -> bytes:
    """`small()` whose root table has a layout of its own at the file's end, `cut` bytes of it missing."""
    data = bytearray(small())
    (root,) = struct.unpack_from("<I", data)
    layout = struct.pack(f"<{2 + len(fields)}H", 4 + 2 * len(fields), table_bytes, *fields)
    struct.pack_into("<i", data, root, root - len(data))
    return bytes(data + layout[: len(layout) - cut])


def root_bytes() -> int:
    """How much of the file lies at or behind the root table, its layout of four bytes at the end counted."""
    data = small()
    return len(data) + 4 - int(struct.unpack_from("<I", data)[0])


LAYOUTS: dict[str, tuple[Callable[[], bytes], str]] = {
    "field_just_outside_the_table": (lambda: with_layout(8, table_bytes=8), "a table's field lies outside the table"),
    "field_far_outside_the_table": (
        lambda: with_layout(4, 400, table_bytes=8),
        "a table's field lies outside the table",
    ),
    "layout_cut_by_a_byte": (lambda: with_layout(table_bytes=4, cut=1), OUTSIDE),
    "layout_behind_the_file": (lambda: with_layout(table_bytes=4, cut=4), OUTSIDE),
    "table_longer_than_the_file": (lambda: with_layout(table_bytes=root_bytes() + 1), DAMAGED),
}


@pytest.mark.parametrize("case", LAYOUTS)
def test_a_layout_that_leads_out_of_the_table_or_the_file_is_refused(case: str) -> None:
    make, what = LAYOUTS[case]
    with pytest.raises(ModelFileError) as caught:
        read_tflite(make())
    assert str(caught.value) == broken(what)


@pytest.mark.parametrize("layout_bytes", [0, 2, 3, 5])
def test_a_layout_of_a_size_that_no_layout_has_is_refused(layout_bytes: int) -> None:
    data = bytearray(with_layout(4, table_bytes=8))
    struct.pack_into("<H", data, len(data) - 6, layout_bytes)
    with pytest.raises(ModelFileError) as caught:
        read_tflite(bytes(data))
    assert str(caught.value) == broken(DAMAGED)


def test_many_vectors_over_the_same_bytes_cost_no_more_than_the_file() -> None:
    """5,000 operators that share one input list of 5,000 entries would be 25 million numbers."""
    builder = flatbuffers.Builder(1 << 16)
    shared = builder.CreateNumpyVector(np.zeros(5000, np.int32))
    operators = []
    for _ in range(5000):
        schema.OperatorStart(builder)
        schema.OperatorAddInputs(builder, shared)
        operators.append(schema.OperatorEnd(builder))
    schema.SubGraphStartOperatorsVector(builder, len(operators))
    for offset in operators:
        builder.PrependUOffsetTRelative(offset)
    vector = builder.EndVector()
    schema.TensorStart(builder)
    only = schema.TensorEnd(builder)
    schema.SubGraphStartTensorsVector(builder, 1)
    builder.PrependUOffsetTRelative(only)
    tensors = builder.EndVector()
    schema.SubGraphStart(builder)
    schema.SubGraphAddOperators(builder, vector)
    schema.SubGraphAddTensors(builder, tensors)
    whole = schema.SubGraphEnd(builder)
    schema.ModelStartSubgraphsVector(builder, 1)
    builder.PrependUOffsetTRelative(whole)
    subgraphs = builder.EndVector()
    schema.OperatorCodeStart(builder)
    schema.OperatorCodeAddVersion(builder, 1)
    code = schema.OperatorCodeEnd(builder)
    schema.ModelStartOperatorCodesVector(builder, 1)
    builder.PrependUOffsetTRelative(code)
    codes = builder.EndVector()
    schema.ModelStart(builder)
    schema.ModelAddVersion(builder, 3)
    schema.ModelAddSubgraphs(builder, subgraphs)
    schema.ModelAddOperatorCodes(builder, codes)
    builder.Finish(schema.ModelEnd(builder), b"TFL3")
    with pytest.raises(ModelFileError) as caught:
        read_tflite(bytes(builder.Output()))
    assert str(caught.value) == (
        "the .tflite file uses the same bytes many times over, for more than four times its size; supported: vectors of"
        " their own. Convert the model again."
    )


def test_a_few_thousand_mutated_files() -> None:
    """A short run of tests/fuzz_reader.py; `make fuzz` runs a million."""
    outcome = run_range(corpus(), seed=1, start=0, stop=4000)
    assert outcome.failures == []
    assert sum(outcome.counts.values()) == 4000
    assert outcome.counts["read"] > 100
    assert outcome.counts["compiled"] > 10
