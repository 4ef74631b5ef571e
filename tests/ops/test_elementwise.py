"""Operators on two tensors: all 65,536 pairs of inputs, broadcasts, fused activations and refusals."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from tests.host import compile_model, run_program
from tests.networks import Builder, Known, edge_vectors
from tests.ops.check import EVERY_VALUE, assert_exact, assert_refused
from tests.oracle import run_tflm
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
    options = {"fusedActivationFunction": activation_code(activation)} if activation != "NONE" else {}
    writer.operation(name, ins, [out], **options)
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
    "div_coarse_output": binary("DIV"),  # small quotients are shifted by more than 31 bits
    "div_fine_output": binary("DIV", first=(0.1, 3), second=(0.1, -5), output=(0.01, 2)),
    "div_zero_points_at_the_ends": binary("DIV", first=(0.02, -128), second=(0.013, 127), output=(0.03, -128)),
    "div_tiny_ratio": binary("DIV", first=(0.1, -12), second=(1000.0, 12), output=(1000.0, 2)),
    "div_largest_ratio": binary("DIV", first=(1.0, 5), second=(0.0005, -9), output=(0.0005, 127)),
    "div_relu": binary("DIV", activation="RELU", output=(0.02, 7)),
    "div_relu6": binary("DIV", activation="RELU6", output=(0.02, -100)),
    "div_relu_n1_to_1": binary("DIV", activation="RELU_N1_TO_1", output=(0.005, -3)),
    "squared_difference": binary("SQUARED_DIFFERENCE", first=(0.05, 9), second=(0.02, -11), output=(0.3, -128)),
    "squared_difference_same_scales": binary("SQUARED_DIFFERENCE", output=(1.0, -128)),
    "squared_difference_far_apart": binary(
        "SQUARED_DIFFERENCE", first=(1e-4, -128), second=(1.0, 127), output=(9.0, 5)
    ),
    "squared_difference_fine_output": binary("SQUARED_DIFFERENCE", output=(1e-7, 0)),  # wraps at 32 bits
    "maximum": binary("MAXIMUM"),
    "maximum_ignores_scales": binary("MAXIMUM", first=(0.3, 7), second=(0.2, -7), output=(9.0, 127)),
    "minimum": binary("MINIMUM"),
}


@pytest.mark.parametrize("name", EVERY_PAIR)
def test_every_pair_of_inputs(name: str, tmp_path: Path) -> None:
    assert_exact(EVERY_PAIR[name], PAIRS, tmp_path)


BROADCASTS = {
    "scalar_constant": (((2, 6), (), (2, 6)), 1),
    "scalars": (((), (), ()), None),
    "one_value_first": (((1,), (2, 6), (2, 6)), None),
    "row": (((4, 6), (6,), (4, 6)), None),
    "row_with_ones": (((1, 1, 6), (1, 4, 6), (1, 4, 6)), 0),
    "constant_of_the_full_shape": (((4, 6), (4, 6), (4, 6)), 1),
    "leading_ones": (((1, 1, 2, 3), (2, 3), (1, 1, 2, 3)), None),
    "column": (((4, 1), (4, 6), (4, 6)), None),
    "constant_column_second": (((4, 6), (4, 1), (4, 6)), 1),
    "both_sides": (((4, 1), (1, 5), (4, 5)), None),
    "middle_axis": (((2, 3, 4), (2, 1, 4), (2, 3, 4)), 1),
    "middle_axes_of_both": (((2, 1, 3, 1), (1, 4, 1, 5), (2, 4, 3, 5)), 0),
    "five_loops": (((2, 1, 2, 1, 3), (1, 3, 1, 2, 1), (2, 3, 2, 2, 3)), None),
    "six_loops": (((2, 1, 2, 1, 2, 1), (1, 3, 1, 3, 1, 2), (2, 3, 2, 3, 2, 2)), None),
    "channels": (((1, 3, 5, 4), (4,), (1, 3, 5, 4)), 1),
    "squeeze_and_excite": (((1, 3, 5, 4), (1, 1, 1, 4), (1, 3, 5, 4)), None),
}
OPERATORS = ("ADD", "SUB", "MUL", "DIV", "SQUARED_DIFFERENCE", "MAXIMUM", "MINIMUM")


@pytest.mark.parametrize("name", BROADCASTS)
def test_broadcasts(name: str, tmp_path: Path) -> None:
    """Every operator in one model, so that one compiler run checks them all."""
    shapes, constant = BROADCASTS[name]
    rng, writer = np.random.default_rng(0), Writer()
    data = [rng.integers(-128, 128, shape).astype(np.int8) if number == constant else None
            for number, shape in enumerate(shapes[:2])]  # fmt: skip
    sources = [writer.tensor(shapes[n], scale, n, data=data[n]) for n, scale in enumerate((0.1, 0.07))]
    outputs = []
    for operator in OPERATORS:
        outputs.append(writer.tensor(shapes[2], 0.15, 2))
        writer.operation(operator, sources, [outputs[-1]])
    computed = [number for number in (0, 1) if number != constant]
    inputs = [edge_vectors(rng, shapes[number], 40) for number in computed]
    assert_exact(writer.build([sources[number] for number in computed], outputs), inputs, tmp_path)


def test_broadcasts_under_the_sanitizers(tmp_path: Path) -> None:
    writer = Writer()
    sources = [writer.tensor(shape, 0.1, 3) for shape in ((2, 1, 3, 1), (1, 4, 1, 5))]
    outputs = []
    for operator in OPERATORS:
        outputs.append(writer.tensor((2, 4, 3, 5), 0.01, -2))
        writer.operation(operator, sources, [outputs[-1]])
    tflite = writer.build(sources, outputs)
    inputs = [edge_vectors(np.random.default_rng(0), shape, 40) for shape in ((2, 1, 3, 1), (1, 4, 1, 5))]
    actual = run_program(compile_model(tflite), inputs, tmp_path)
    for got, wanted in zip(actual, run_tflm(tflite, inputs), strict=True):
        np.testing.assert_array_equal(got, wanted)


@pytest.mark.parametrize("place", [0, 1])
def test_output_may_take_the_place_of_a_stretched_input(place: int, tmp_path: Path) -> None:
    """The output shares the memory of the input that has its size."""
    rng, writer = np.random.default_rng(0), Writer()
    source, column = writer.tensor((3, 4), 0.1, 3), writer.tensor((3, 1), 0.2, -3)
    layer = source
    for scale in (0.11, 0.12, 0.13):
        output = writer.tensor((3, 4), scale, 5)
        writer.operation("MUL", [layer, column][:: 1 if place else -1], [output])
        layer = output
    vectors = [edge_vectors(rng, shape, 20) for shape in ((3, 4), (3, 1))]
    assert_exact(writer.build([source, column], [layer]), vectors, tmp_path)


def test_both_inputs_may_be_one_tensor(tmp_path: Path) -> None:
    writer = Writer()
    source, output = writer.tensor((256,), 0.1, 3), writer.tensor((256,), 0.2, -3)
    writer.operation("ADD", [source, source], [output])
    assert_exact(writer.build([source], [output]), [EVERY_VALUE[None]], tmp_path)


REFUSED = {
    "shapes_that_do_not_fit": (
        binary("ADD", shapes=((4, 2), (4, 6), (4, 6))),
        "add (op 0): broadcasting [4, 2] with [4, 6] is unsupported; supported: sizes that are equal or 1.",
    ),
    "output_of_another_shape": (
        binary("MAXIMUM", shapes=((4, 1), (1, 6), (6, 4))),
        "maximum (op 0): an output of shape [6, 4] is unsupported; supported: [4, 6].",
    ),
    "seven_dimensions": (
        binary("MUL", shapes=((2, 1, 2, 1, 2, 1, 2), (1, 2, 1, 2, 1, 2, 1), (2,) * 7)),
        "mul (op 0): a tensor of 7 dimensions is unsupported; supported: up to 6.",
    ),
    "div_ratio": (
        binary("DIV", output=(1e-8, 0)),
        "div (op 0): a ratio of scales of 1e+08 is unsupported; supported: 2^-26 to 2^22.",
    ),
    "squared_difference_ratio": (
        binary("SQUARED_DIFFERENCE", output=(1e-16, 0)),
        "squared_difference (op 0): a ratio of scales of 2.44141e+10 is unsupported; supported: ratios below 2^30.",
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
