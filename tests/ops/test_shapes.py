"""RESHAPE and CONCATENATION, which move bytes or not even that."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from tests.host import compile_model
from tests.networks import Builder, edge_vectors
from tests.ops.check import Build, T, assert_exact, assert_refused, exact, one, refused
from tests.tflite_writer import Writer, activation_code


def concatenation(
    shapes: Sequence[Sequence[int]], output: Sequence[int], axis: int, *, constant: int | None = None,
    scale: float = 0.1, activation: str = "NONE",
) -> bytes:  # fmt: skip
    writer = Writer()
    ins = [
        writer.tensor(shape, 0.1, 3, data=np.arange(np.prod(shape)).reshape(shape) if number == constant else None)
        for number, shape in enumerate(shapes)
    ]
    out = writer.tensor(output, scale, 3)
    writer.operation("CONCATENATION", ins, [out], axis=axis, fusedActivationFunction=activation_code(activation))
    return writer.build([index for number, index in enumerate(ins) if number != constant], [out])


JOINED = {
    "last_axis": ([(2, 3), (2, 4)], (2, 7), 1, None),
    "negative_axis": ([(2, 3), (2, 4)], (2, 7), -1, None),
    "first_axis": ([(1, 3), (2, 3)], (3, 3), 0, None),
    "middle_axis": ([(2, 1, 3), (2, 2, 3), (2, 1, 3)], (2, 4, 3), 1, None),
    "with_a_constant": ([(2, 3), (2, 2)], (2, 5), 1, 1),
    "one_input": ([(2, 3)], (2, 3), 1, None),
}


@pytest.mark.parametrize("name", JOINED)
def test_concatenation(name: str, tmp_path: Path) -> None:
    shapes, output, axis, constant = JOINED[name]
    rng = np.random.default_rng(0)
    inputs = [edge_vectors(rng, shape, 20) for number, shape in enumerate(shapes) if number != constant]
    assert_exact(concatenation(shapes, output, axis, constant=constant), inputs, tmp_path)


def joined(type: str, zero_point: int = 0) -> Build:
    """Two inputs and a constant of one type along the middle axis."""
    parts = [T((2, 1, 3), 0.1, zero_point, type), T((2, 2, 3), 0.1, zero_point, type)]
    constant = T((2, 1, 3), 0.1, zero_point, type, data=np.arange(6))
    return one("CONCATENATION", [parts[0], constant, parts[1]], [T((2, 4, 3), 0.1, zero_point, type)], axis=1)


test_exact = exact({type: joined(type) for type in ("INT8", "INT16", "INT32")})
test_refused_types = refused(
    {
        "int16_zero_point": (
            joined("INT16", 5),
            "concatenation (op 0): zero point 5 is unsupported; supported: 0 in int16.",
        ),
        "uint8": (
            joined("UINT8"),
            "concatenation (op 0): an output of type UINT8 is unsupported; supported: INT8 or INT16 or INT32 or INT64"
            " or FLOAT32 or BOOL.",
        ),
    }
)


def reshape(from_shape: Sequence[int], to_shape: Sequence[int], *, type: str = "INT8") -> bytes:
    writer = Writer()
    source = writer.tensor(from_shape, 0.1, 0)
    hidden = writer.tensor(from_shape, 0.1, 0)
    output = writer.tensor(to_shape, 0.1, 0, type=type)
    writer.operation("RELU", [source], [hidden])
    shape = writer.tensor((len(to_shape),), type="INT32", data=to_shape)
    writer.operation("RESHAPE", [hidden, shape], [output], newShape=list(to_shape))
    return writer.build([source], [output])


def test_a_reshape_costs_nothing(tmp_path: Path) -> None:
    tflite = reshape((2, 6), (3, 4))
    assert_exact(tflite, [edge_vectors(np.random.default_rng(0), (2, 6), 20)], tmp_path)
    text = compile_model(tflite).tree["model.c"]
    assert text.count("_s8(") == 1
    assert "activations" not in text


def test_an_output_that_is_the_input_is_copied(tmp_path: Path) -> None:
    writer = Writer()
    source = writer.tensor((2, 3), 0.1, 0)
    output = writer.tensor((6,), 0.1, 0)
    writer.operation("RESHAPE", [source], [output], newShape=[6])
    tflite = writer.build([source], [output])
    assert_exact(tflite, [edge_vectors(np.random.default_rng(0), (2, 3), 20)], tmp_path)
    assert "memcpy(out, in, MODEL_OUT_SIZE);" in compile_model(tflite).tree["model.c"]


def test_one_value_may_be_several_outputs(tmp_path: Path) -> None:
    """An output that later layers read, one that is listed twice, and one under two shapes."""
    writer = Writer()
    source, hidden, output = (writer.tensor((1, 6), 0.1, 0) for _ in range(3))
    shaped = writer.tensor((2, 3), 0.1, 0)
    writer.operation("RELU", [source], [hidden])
    writer.operation("RESHAPE", [hidden], [shaped], newShape=[2, 3])
    writer.operation("QUANTIZE", [hidden], [output])
    tflite = writer.build([source], [output, hidden, shaped, hidden])
    assert_exact(tflite, [edge_vectors(np.random.default_rng(0), (1, 6), 20)], tmp_path)


REFUSED = {
    "concatenation_of_scales": (
        concatenation([(2, 3), (2, 4)], (2, 7), 1, scale=0.2),
        "concatenation (op 0): an input of scale 0.1 and zero point 3 is unsupported; supported: the output's scale 0.2"
        " and zero point 3.",
    ),
    "concatenation_shapes": (
        concatenation([(2, 3), (3, 4)], (2, 7), 1),
        "concatenation (op 0): joining [3, 4] into [2, 7] is unsupported; supported: shapes equal but for axis 1.",
    ),
    "concatenation_axis": (
        concatenation([(2, 3), (2, 4)], (2, 7), 2),
        "concatenation (op 0): axis 2 of 2 is unsupported; supported: an axis of the output.",
    ),
    "concatenation_length": (
        concatenation([(2, 3), (2, 4)], (2, 8), 1),
        "concatenation (op 0): an output of shape [2, 8] is unsupported; supported: 7 along axis 1.",
    ),
    "concatenation_activation": (
        concatenation([(2, 3), (2, 4)], (2, 7), 1, activation="RELU"),
        "concatenation (op 0): fused activation RELU is unsupported; supported: NONE.",
    ),
    "concatenation_of_many": (
        concatenation([(1, 1)] * 11, (1, 11), 1),
        "concatenation (op 0): 11 inputs is unsupported; supported: 1 to 10 inputs.",
    ),
    "reshape_size": (
        reshape((2, 6), (3, 5)),
        "reshape (op 1): 12 to 15 values is unsupported; supported: as many values as before.",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    assert_refused(*REFUSED[name])


draws = {"reshape": Builder.reshape, "concatenation": lambda b, source: b.concatenation(source, b.known)}
