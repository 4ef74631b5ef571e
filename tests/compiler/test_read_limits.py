"""The reader at its limits: the last that it accepts, options of every kind, names, bytes behind the flatbuffer."""

from __future__ import annotations

import struct
from collections.abc import Callable

import flatbuffers
import numpy as np
import pytest
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema
from tinyml_pipeline.compiler.read_tflite import _option_fields, read_tflite
from tinyml_pipeline.errors import ModelFileError

from tests.compiler.test_read_tflite import broken, edited, operator, quantization, tensor
from tests.tflite_writer import Writer

ACCEPTED: dict[str, Callable[[schema.ModelT], None]] = {
    "sixteen_dimensions": tensor(0, "shape", [1] * 15 + [2]),
    "no_values": tensor(0, "shape", [0, 2]),
    "a_scale_of_0": quantization(0, "scale", np.zeros(1, np.float32)),
    "highest_zero_point": quantization(0, "zeroPoint", np.array([2**31 - 1], np.int64)),
    "lowest_zero_point": quantization(0, "zeroPoint", np.array([-(2**31)], np.int64)),
    "no_bias": operator("inputs", [0, 1, -1]),
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_the_last_that_is_accepted(name: str) -> None:
    """A model input without values is a constant: then it must be none of the inputs."""

    def edit(model: schema.ModelT) -> None:
        ACCEPTED[name](model)
        if name == "no_values":
            model.subgraphs[0].inputs = []

    graph = read_tflite(edited(edit))
    assert graph.tensors[0].is_constant is (name == "no_values")
    assert graph.operations[0].inputs == (0, 1, -1 if name == "no_bias" else 2)


def test_a_scalar_is_no_constant() -> None:
    assert not read_tflite(edited(tensor(0, "shape", []))).tensors[0].is_constant


def test_variables_are_known() -> None:
    graph = read_tflite(edited(tensor(3, "isVariable", False)))
    assert [one.is_variable for one in graph.tensors] == [False] * 4

    def edit(model: schema.ModelT) -> None:
        model.subgraphs[0].tensors[0].isVariable = True
        model.subgraphs[0].inputs = []

    assert read_tflite(edited(edit)).tensors[0].is_variable is True


def signed(count: int) -> Callable[[schema.ModelT], None]:
    """With signatures that name the input and the output."""

    def edit(model: schema.ModelT) -> None:
        model.signatureDefs = []
        for _ in range(count):
            signature = schema.SignatureDefT()
            for field, index, name in (("inputs", 0, "given"), ("outputs", 3, "answer")):
                entry = schema.TensorMapT()
                entry.name, entry.tensorIndex = name, index
                setattr(signature, field, [entry])
            model.signatureDefs.append(signature)

    return edit


@pytest.mark.parametrize(
    ("count", "names"),
    [(0, ("serving_default_x:0", "t3")), (1, ("given", "answer")), (2, ("serving_default_x:0", "t3"))],
)
def test_names_are_those_of_the_only_signature(count: int, names: tuple[str, str]) -> None:
    graph = read_tflite(edited(signed(count)))
    assert (*graph.input_names, *graph.output_names) == names


def test_a_model_without_buffers() -> None:
    """TFLite asks for an empty first one, but nothing is read from it."""

    def edit(model: schema.ModelT) -> None:
        model.buffers = []
        for each in model.subgraphs[0].tensors:
            each.buffer = 0
        model.subgraphs[0].inputs = [0, 1, 2]

    assert [one.is_constant for one in read_tflite(edited(edit)).tensors] == [False] * 4
    with pytest.raises(ModelFileError) as caught:
        read_tflite(edited(lambda model: (edit(model), tensor(2, "buffer", 1)(model))[0]))
    assert str(caught.value) == broken("tensor 2 names buffer 1 of 0")


@pytest.mark.parametrize(("size", "bits"), [(5, "INT4"), (8, "INT8"), (17, "INT4")])
def test_a_constant_of_a_byte_too_few(size: int, bits: str) -> None:
    writer = Writer()
    whole = (size + 1) // 2 if bits == "INT4" else size
    source = writer.tensor((size,), 0.5, type=bits, data=np.zeros(size, np.int8))
    output = writer.tensor((size,), 0.5)
    writer.operation("DEQUANTIZE", [source], [output])
    data = writer.build([], [output])
    assert len(read_tflite(data).tensors[source].data or b"") == whole

    model = schema.ModelT.InitFromPackedBuf(data, 0)
    model.buffers[1].data = model.buffers[1].data[:-1]
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    with pytest.raises(ModelFileError, match=rf"^the model contradicts itself: tensor 0 holds {whole - 1} bytes, and "):
        read_tflite(bytes(builder.Output()))


@pytest.mark.parametrize(("offset", "is_inside"), [(0, True), (1, True), (2, False), (2**40, False)])
def test_bytes_behind_the_flatbuffer(offset: int, is_inside: bool) -> None:
    """TFLM takes such a constant as memory that nothing has written yet."""

    def edit(model: schema.ModelT) -> None:
        model.buffers[1].offset, model.buffers[1].size = offset, 4

    if is_inside:
        assert read_tflite(edited(edit)).tensors[1].is_constant
        return
    with pytest.raises(ModelFileError) as caught:
        read_tflite(edited(edit))
    assert str(caught.value) == (
        "the .tflite file keeps constants behind the flatbuffer, as models of over 2 GB do, and TFLM does not look"
        " there; supported: constants inside of it. Convert the model again, without a buffer offset."
    )


def test_options_are_numbers_vectors_and_texts() -> None:
    writer = Writer()
    source, output = writer.tensor((1, 4), 0.5), writer.tensor((2, 2), 0.5)
    writer.operation("RESHAPE", [source], [output], newShape=np.array([2, 2], np.int32))
    (operation,) = read_tflite(writer.build([source], [output])).operations
    assert operation.options == {"new_shape": (2, 2)}

    writer = Writer()
    handle = writer.tensor((1,), type="INT32")
    writer.operation("VAR_HANDLE", [], [handle], container="box", sharedName="state")
    (operation,) = read_tflite(writer.build([], [handle])).operations
    assert operation.options == {"container": "box", "shared_name": "state"}

    writer = Writer()
    source, output = writer.tensor((1, 4), 0.5), writer.tensor((1, 4), 0.5)
    writer.operation("SOFTMAX", [source], [output], beta=0.5)
    (operation,) = read_tflite(writer.build([source], [output])).operations
    assert operation.options == {"beta": 0.5}


def test_every_option_of_every_operator_has_a_field() -> None:
    """Vectors of numbers are vectors; the lengths and numpy forms that the schema offers besides are no fields."""
    assert _option_fields("ReshapeOptions") == (("NewShape", "new_shape", True),)
    assert _option_fields("ConcatEmbeddingsOptions") == (
        ("NumChannels", "num_channels", False),
        ("NumColumnsPerChannel", "num_columns_per_channel", True),
        ("EmbeddingDimPerChannel", "embedding_dim_per_channel", True),
    )
    assert _option_fields("Conv2DOptions") == (
        ("Padding", "padding", False),
        ("StrideW", "stride_w", False),
        ("StrideH", "stride_h", False),
        ("FusedActivationFunction", "fused_activation_function", False),
        ("DilationWFactor", "dilation_wfactor", False),
        ("DilationHFactor", "dilation_hfactor", False),
        ("QuantizedBiasType", "quantized_bias_type", False),
    )


@pytest.mark.parametrize("without", ["type", "table", "both"])
def test_an_operator_without_options(without: str) -> None:
    def edit(model: schema.ModelT) -> None:
        only = model.subgraphs[0].operators[0]
        if without != "table":
            only.builtinOptionsType = schema.BuiltinOptions.NONE
        if without != "type":
            only.builtinOptions = None

    operation = read_tflite(edited(edit)).operations[0]
    assert (operation.options, operation.options_table) == ({}, "")


def test_constants_and_options_may_be_nearly_the_whole_file() -> None:
    """Each vector is counted by the bytes of its elements: no sound file has more of them than its size."""

    def edit(model: schema.ModelT) -> None:
        model.subgraphs[0].operators[0].builtinOptions.quantSpec = np.zeros(9000, np.uint8)

    assert len(read_tflite(edited(edit)).operations[0].options["quant_spec"]) == 9000
    writer = Writer()
    source, output = writer.tensor((9000,), 0.5, data=np.zeros(9000)), writer.tensor((9000,), 0.5)
    writer.operation("RELU", [source], [output])
    assert read_tflite(writer.build([], [output])).constant_bytes == 9000


def test_zero_points_are_counted_by_eight_bytes() -> None:
    count = 2000
    points = np.zeros(count, np.int64)
    data = edited(quantization(1, "zeroPoint", points))
    assert len(data) < 9 * count
    assert read_tflite(data).tensors[1].quantization is not None
    place = data.index(struct.pack("<I", count) + bytes(points))
    more = data[:place] + struct.pack("<I", len(data) // 8 + 1) + data[place + 4 :]
    with pytest.raises(ModelFileError) as caught:
        read_tflite(more)
    assert str(caught.value) == broken("a vector is longer than the file")
