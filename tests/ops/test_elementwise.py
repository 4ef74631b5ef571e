"""ADD, SUB and MUL: all 65,536 pairs of inputs, broadcasts, fused activations and refusals."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from tests.networks import Builder, Known, edge_vectors
from tests.ops.check import EVERY_VALUE, assert_exact, assert_refused
from tests.tflite_writer import Writer, activation_code

PAIRS = [np.repeat(EVERY_VALUE, 256)[None], np.tile(EVERY_VALUE, 256)[None]]


def binary(
    name: str,
    *,
    first: tuple[float, int] = (0.1, 0),
    second: tuple[float, int] = (0.1, 0),
    output: tuple[float, int] = (0.1, 0),
    activation: str = "NONE",
    shapes: Sequence[Sequence[int]] = ((65536,), (65536,), (65536,)),
    constant: int | None = None,
) -> bytes:
    writer = Writer()
    data = [None, None]
    if constant is not None:
        rng = np.random.default_rng(0)
        data[constant] = rng.integers(-128, 128, shapes[constant]).astype(np.int8)
    ins = [writer.tensor(shapes[i], *pair, data=data[i]) for i, pair in enumerate((first, second))]
    out = writer.tensor(shapes[2], *output)
    writer.operation(name, ins, [out], fusedActivationFunction=activation_code(activation))
    return writer.build([index for number, index in enumerate(ins) if number != constant], [out])


EVERY_PAIR = {
    "add_same_scales": binary("ADD"),
    "add_different_scales": binary("ADD", first=(0.013, -128), second=(0.21, 127), output=(0.2, -7)),
    "add_relu": binary("ADD", activation="RELU", output=(0.15, 3)),
    "add_relu6": binary("ADD", activation="RELU6", output=(0.03, -128)),
    "add_relu_n1_to_1": binary("ADD", activation="RELU_N1_TO_1", output=(0.01, 5)),
    "add_scales_far_apart": binary("ADD", first=(1e-5, 0), second=(10.0, 0), output=(10.0, 0)),
    "sub": binary("SUB", first=(0.05, 9), second=(0.31, -11), output=(0.3, 0)),
    "sub_relu": binary("SUB", activation="RELU", output=(0.11, -128)),
    "sub_scales_that_float_would_round": binary(
        "SUB", first=(0.02370103, 44), second=(0.0873314, -128), output=(0.10331, 17)
    ),
    "mul": binary("MUL", first=(0.05, 9), second=(0.31, -11), output=(0.9, 4)),
    "mul_zero_points_at_the_ends": binary("MUL", first=(0.1, -128), second=(0.1, 127), output=(2.0, 127)),
    "mul_left_shift": binary("MUL", first=(1.0, 0), second=(1.0, 0), output=(0.01, 0)),
    "mul_relu6": binary("MUL", activation="RELU6", output=(0.05, -128)),
}


@pytest.mark.parametrize("name", EVERY_PAIR)
def test_every_pair_of_inputs(name: str, tmp_path: Path) -> None:
    assert_exact(EVERY_PAIR[name], PAIRS, tmp_path)


BROADCASTS = {
    "scalar_constant": (((2, 6), (), (2, 6)), 1),
    "one_value_first": (((1,), (2, 6), (2, 6)), None),
    "row": (((4, 6), (6,), (4, 6)), None),
    "row_with_ones": (((1, 1, 6), (1, 4, 6), (1, 4, 6)), 0),
    "constant_of_the_full_shape": (((4, 6), (4, 6), (4, 6)), 1),
}


@pytest.mark.parametrize("operator", ["ADD", "SUB", "MUL"])
@pytest.mark.parametrize("name", BROADCASTS)
def test_broadcasts(name: str, operator: str, tmp_path: Path) -> None:
    shapes, constant = BROADCASTS[name]
    rng = np.random.default_rng(0)
    inputs = [edge_vectors(rng, shapes[number], 40) for number in (0, 1) if number != constant]
    tflite = binary(operator, second=(0.07, -5), output=(0.15, 2), shapes=shapes, constant=constant)
    assert_exact(tflite, inputs, tmp_path)


def test_both_inputs_may_be_one_tensor(tmp_path: Path) -> None:
    writer = Writer()
    source, output = writer.tensor((256,), 0.1, 3), writer.tensor((256,), 0.2, -3)
    writer.operation("ADD", [source, source], [output])
    assert_exact(writer.build([source], [output]), [EVERY_VALUE[None]], tmp_path)


REFUSED = {
    "broadcast_of_a_column": (
        binary("ADD", shapes=((4, 1), (4, 6), (4, 6))),
        "add (op 0): broadcasting [4, 1] to [4, 6] is unsupported; supported: equal shapes, or an operand that repeats"
        " as a whole.",
    ),
    "output_scale_too_fine": (
        binary("SUB", output=(1e-9, 0)),
        "sub (op 0): an output scale of 1e-09 is unsupported; supported: more than 2^-19 of the larger input scale.",
    ),
    "fused_tanh": (
        binary("ADD", activation="TANH"),
        "add (op 0): fused activation TANH is unsupported; supported: NONE, RELU, RELU6, RELU_N1_TO_1.",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    assert_refused(*REFUSED[name])


def draw(builder: Builder, source: Known) -> Known:
    return builder.arithmetic(source, builder.known)
