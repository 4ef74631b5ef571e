"""Files that TFLM refuses or runs out of bounds, and their neighbours that it runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from tflite_micro.python.tflite_micro import runtime
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema
from tinyml_pipeline.compiler.read_tflite import read_tflite
from tinyml_pipeline.errors import ModelFileError, UnsupportedError

from tests.compiler.test_read_tflite import contradiction, edited, operator, unknown
from tests.host import compile_model
from tests.ops.check import Build, T, exact, model_of, one, refused, vectors_for
from tests.oracle import run_tflm
from tests.tflite_writer import Writer


def view(name: str, shape: Sequence[int], output: Sequence[int], *operands: T, **options: Any) -> Build:
    """An operator that gives an int8 tensor another shape, or moves its elements."""
    return one(name, [T(tuple(shape), 0.1, 3), *operands], [T(tuple(output), 0.1, 3)], **options)


def numbers(*values: int, shape: tuple[int, ...] | None = None, type: str = "INT32") -> T:
    return T((len(values),) if shape is None else shape, type=type, data=np.reshape(values, shape or -1))


def scalar(value: int) -> T:
    return T((), type="INT32", data=value)


def expand(type: str) -> Build:
    tensors = [T(shape, None if type == "INT32" else 0.1, type=type) for shape in ((2, 3), (2, 1, 3))]
    return one("EXPAND_DIMS", [tensors[0], scalar(1)], [tensors[1]])


def computed(name: str, shape: Sequence[int], output: Sequence[int], *operands: T | Sequence[int]) -> Build:
    """Like `view`, but an operand that is given as plain numbers is packed from constants."""

    def build(writer: Writer) -> tuple[list[int], list[int]]:
        source, inputs = writer.tensor(shape, 0.1, 3), []
        for operand in operands:
            if isinstance(operand, T):
                inputs.append(writer.tensor(operand.shape, type=operand.type, data=operand.data))
                continue
            inputs.append(writer.tensor((len(operand),), type="INT32"))
            parts = [writer.tensor((), type="INT32", data=value) for value in operand]
            writer.operation("PACK", parts, inputs[-1:], valuesCount=len(parts))
        made = writer.tensor(output, 0.1, 3)
        writer.operation(name, [source, *inputs], [made])
        return [source], [made]

    return build


def shape_in_int64(writer: Writer) -> tuple[list[int], list[int]]:
    source, shape, output = writer.tensor((2, 1), 0.1), writer.tensor((2,), type="INT64"), writer.tensor((1, 2), 0.1)
    writer.operation("SHAPE", [source], [shape], outType=schema.TensorType.INT64)
    writer.operation("RESHAPE", [source, shape], [output])
    return [source], [output]


def padded_convolution(writer: Writer) -> tuple[list[int], list[int]]:
    """A PAD that the convolution would take over, but its paddings are computed."""
    (source,), (padded,) = computed("PAD", (1, 2, 2, 1), (1, 3, 2, 1), [0, 0, 1, 0, 0, 0, 0, 0])(writer)
    filters = writer.tensor((1, 1, 1, 1), 0.1, data=[[[[1]]]])
    output = writer.tensor((1, 3, 2, 1), 0.1)
    writer.operation("CONV_2D", [padded, filters], [output], strideH=1, strideW=1)
    return [source], [output]


ROWS = (1, 2, 3)

test_exact = exact(
    {
        "squeeze": view("SQUEEZE", ROWS, (2, 3)),
        "squeeze_named": view("SQUEEZE", (1, 1, 3), (1, 3), squeezeDims=[0]),
        "squeeze_from_behind": view("SQUEEZE", (2, 1, 3), (2, 3), squeezeDims=[-2]),
        "squeeze_leaves_ones_behind": view("SQUEEZE", ROWS, (2, 3, 1)),
        "expand_dims_at_the_end": view("EXPAND_DIMS", (2, 3), (2, 3, 1), numbers(-1)),
        "expand_dims_in_int16": expand("INT16"),
        "reshape_to_eight": view("RESHAPE", ROWS, (3, 2), newShape=[1] * 8),
        "slice_from_computed": computed("SLICE", (2, 3), (1, 3), [1, 0], numbers(1, 3)),
        "mean_of_computed_axes": computed("MEAN", (2, 3), (2,), [1]),
        "longest_stride": view("STRIDED_SLICE", (8,), (1,), numbers(1), numbers(7), numbers(2**31 - 2)),
        "six_dimensions": view("ABS", (1, 1, 1, 1, 2, 3), (1, 1, 1, 1, 2, 3)),
    }
)

PLACE = "a tensor of 7 dimensions is unsupported; supported: up to 6."
CONSTANT = "that the model computes is unsupported; supported: constant"
REFUSED = {
    "squeeze_of_a_larger_size": (
        view("SQUEEZE", ROWS, (2, 3), squeezeDims=[1]),
        "squeeze (op 0): axis 1 of the shape [1, 2, 3] is unsupported; supported: axes of size 1.",
    ),
    "squeeze_beyond_the_axes": (
        view("SQUEEZE", ROWS, (2, 3), squeezeDims=[3]),
        "squeeze (op 0): axis 3 of the shape [1, 2, 3] is unsupported; supported: axes of size 1.",
    ),
    "squeeze_to_another_shape": (
        view("SQUEEZE", ROWS, (3, 2)),
        "squeeze (op 0): an output of shape [3, 2] is unsupported; supported: [2, 3].",
    ),
    "squeeze_not_done": (
        view("SQUEEZE", (1, 1, 3), (1, 1, 3), squeezeDims=[0]),
        "squeeze (op 0): an output of shape [1, 1, 3] is unsupported; supported: [1, 3].",
    ),
    "squeeze_of_nine": (
        view("SQUEEZE", ROWS, (2, 3), squeezeDims=[0] * 9),
        "squeeze (op 0): squeeze_dims of 9 dimensions is unsupported; supported: up to 8.",
    ),
    "expand_dims_elsewhere": (
        view("EXPAND_DIMS", (2, 3), (2, 1, 3), numbers(0)),
        "expand_dims (op 0): an output of shape [2, 1, 3] is unsupported; supported: [1, 2, 3].",
    ),
    "expand_dims_beyond_the_end": (
        view("EXPAND_DIMS", (2, 3), (2, 3, 1), numbers(3)),
        "expand_dims (op 0): axis 3 of 3 is unsupported; supported: an axis of the input.",
    ),
    "expand_dims_of_int64": (
        view("EXPAND_DIMS", (2, 3), (2, 1, 3), numbers(1, type="INT64")),
        "expand_dims (op 0): an axis of type INT64 and shape [1] is unsupported; supported: an INT32 number or vector.",
    ),
    "expand_dims_by_a_matrix": (
        view("EXPAND_DIMS", (2, 3), (2, 1, 3), numbers(1, shape=(1, 1))),
        "expand_dims (op 0): an axis of type INT32 and shape [1, 1] is unsupported; supported: an INT32 number or"
        " vector.",
    ),
    "expand_dims_in_int32": (
        expand("INT32"),
        "expand_dims (op 0): an input of type INT32 is unsupported; supported: INT8 or INT16 or FLOAT32.",
    ),
    "reshape_to_nine": (
        view("RESHAPE", ROWS, (3, 2), newShape=[1] * 9),
        "reshape (op 0): new_shape of 9 dimensions is unsupported; supported: up to 8.",
    ),
    "softmax_of_a_scalar": (
        one("SOFTMAX", [T((), 0.1)], [T((), 1 / 256, -128)], beta=1.0),
        "softmax (op 0): an input without dimensions is unsupported; supported: rows.",
    ),
    "transpose_by_a_matrix": (
        view("TRANSPOSE", (2, 3), (3, 2), numbers(1, 0, shape=(1, 2))),
        "transpose (op 0): axes of shape [1, 2] is unsupported; supported: a vector.",
    ),
    "transpose_of_a_scalar": (
        view("TRANSPOSE", (), (), numbers()),
        "transpose (op 0): axes without a number is unsupported; supported: at least one.",
    ),
    "mirror_pad_by_a_row": (
        view("MIRROR_PAD", (2, 3), (4, 3), numbers(1, 1, 0, 0, shape=(1, 4)), mode=1),
        "mirror_pad (op 0): paddings of shape [1, 4] is unsupported; supported: two for each axis.",
    ),
    "shape_in_int64": (
        shape_in_int64,
        "shape (op 0): an output of type INT64 is unsupported; supported: INT32.",
    ),
    "transpose_computed": (computed("TRANSPOSE", (2, 3), (3, 2), [1, 0]), f"transpose (op 1): axes {CONSTANT} axes."),
    "pad_computed": (computed("PAD", (2, 3), (3, 3), [1, 0, 0, 0]), f"pad (op 1): paddings {CONSTANT} paddings."),
    "pad_computed_before_a_convolution": (padded_convolution, f"pad (op 1): paddings {CONSTANT} paddings."),
    "expand_dims_computed": (
        computed("EXPAND_DIMS", (2, 3), (1, 2, 3), [0]),
        "expand_dims (op 1): an axis that the model computes is unsupported; supported: a constant axis.",
    ),
    "broadcast_to_computed": (
        computed("BROADCAST_TO", (1, 3), (2, 3), [2, 3]),
        f"broadcast_to (op 1): shape {CONSTANT} shape.",
    ),
    "resize_computed": (
        computed("RESIZE_NEAREST_NEIGHBOR", (1, 2, 2, 1), (1, 4, 4, 1), [4, 4]),
        f"resize_nearest_neighbor (op 1): size {CONSTANT} size.",
    ),
    "strided_slice_computed": (
        computed("STRIDED_SLICE", (2, 3), (1, 3), numbers(0, 0), [1, 3], numbers(1, 1)),
        f"strided_slice (op 1): ends {CONSTANT} ends.",
    ),
}  # fmt: skip
test_refused = refused(REFUSED)

# TFLM reads or writes beyond its memory.
test_refused_before_tflm_leaves_its_memory = refused(
    {
        name: (view(name, shape, shape, *operands), f"{name.lower()} (op 0): {PLACE}")
        for shape in ((1, 1, 1, 1, 1, 2, 3),)
        for name, operands in (("RELU", ()), ("ADD", (T((3,), 0.1, data=[1, 2, 3]),)), ("MUL", (T(shape, 0.1),)))
    }
    | {
        "stride": (
            view("STRIDED_SLICE", (8,), (1,), numbers(1), numbers(7), numbers(2**31 - 1)),
            "strided_slice (op 0): a stride of 2147483647 is unsupported; supported: indices within 32 bits.",
        )
    }
)


@pytest.mark.parametrize("name", REFUSED)
def test_tflm_refuses_it(name: str) -> None:
    tflite = model_of(REFUSED[name][0])
    with pytest.raises((ValueError, RuntimeError)):
        run_tflm(tflite, vectors_for(tflite))


def unused(model: schema.ModelT, type: str) -> None:
    tensor = schema.TensorT()
    tensor.name, tensor.shape, tensor.type = "spare", [2], getattr(schema.TensorType, type)
    model.subgraphs[0].tensors.append(tensor)


@pytest.mark.parametrize("type", ["STRING", "VARIANT", "INT2", "UINT4"])
def test_a_type_without_a_size_that_nothing_reads(type: str) -> None:
    tflite = edited(lambda model: unused(model, type))
    with pytest.raises(UnsupportedError) as caught:
        compile_model(tflite)
    assert str(caught.value) == (
        f"tensor 4 ('spare') of type {type} is unsupported; supported: types of whole bytes and a fixed size, as TFLM"
        " has them."
    )
    with pytest.raises((ValueError, RuntimeError)):
        run_tflm(tflite, vectors_for(tflite))


def with_intermediate(model: schema.ModelT, index: int) -> None:
    unused(model, "INT16")
    model.subgraphs[0].tensors[4].shape = [0]
    operator("intermediates", [index])(model)


def with_bias_type(model: schema.ModelT, type: int) -> None:
    model.subgraphs[0].operators[0].builtinOptions.quantizedBiasType = type


UNREADABLE = {
    "custom_options": (
        edited(operator("customOptions", [1, 2])),
        contradiction("fully_connected (op 0) has custom options, and is no custom operator"),
    ),
    "custom_options_of_0_bytes": (
        edited(operator("customOptions", [])),
        contradiction("fully_connected (op 0) has custom options, and is no custom operator"),
    ),
    "intermediate": (
        edited(lambda model: with_intermediate(model, 0)),
        "fully_connected (op 0) has an intermediate tensor of 2 values; supported: empty ones, as in TFLM. Convert the"
        " model again.",
    ),
    "element_type_of_the_bias": (
        edited(lambda model: with_bias_type(model, 23)),
        unknown("fully_connected (op 0): element type 23"),
    ),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_unreadable(name: str) -> None:
    tflite, message = UNREADABLE[name]
    with pytest.raises(ModelFileError) as caught:
        read_tflite(tflite)
    assert str(caught.value) == message
    with pytest.raises((ValueError, RuntimeError)):
        runtime.Interpreter.from_bytes(tflite)


def test_an_intermediate_without_values_is_read() -> None:
    tflite = edited(lambda model: with_intermediate(model, 4))
    assert len(read_tflite(tflite).tensors) == 5
    assert run_tflm(tflite, vectors_for(tflite))


@pytest.mark.parametrize("type", [0, 22])
def test_any_element_type_of_a_bias_is_read(type: int) -> None:
    tflite = edited(lambda model: with_bias_type(model, type))
    assert read_tflite(tflite).operations[0].options["quantized_bias_type"] == type
    assert run_tflm(tflite, vectors_for(tflite))
