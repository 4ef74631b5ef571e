"""Chains of unary operators as one table, and activations that their producers take over."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from tinyml_pipeline.compiler.passes import run_passes
from tinyml_pipeline.compiler.program import make_program
from tinyml_pipeline.compiler.read_tflite import read_tflite
from tinyml_pipeline.compiler.target import Target

from tests.host import compile_model, run_program
from tests.networks import edge_vectors
from tests.ops.check import EVERY_VALUE, Build, model_of
from tests.oracle import run_tflm
from tests.tflite_writer import Writer, activation_code

Step = tuple[str, float, int]
SAME = (0.05, -20)


def chain(*steps: Step, outputs: Sequence[int] = (-1,), **options: float) -> Build:
    """Unary operators in a row on 256 values; `outputs` are numbers of steps."""

    def build(writer: Writer) -> tuple[list[int], list[int]]:
        tensors = [writer.tensor((1, 256), *SAME)]
        for name, scale, zero_point in steps:
            tensors.append(writer.tensor((1, 256), scale, zero_point))
            given = options if name == "LEAKY_RELU" else {}
            writer.operation(name, tensors[-2:-1], tensors[-1:], **given)
        return tensors[:1], [tensors[1:][number] for number in outputs]

    return build


def through_reshape(writer: Writer) -> tuple[list[int], list[int]]:
    """Two tables with another shape between them."""
    source, squashed, square, output = (
        writer.tensor(shape, *quantization)
        for shape, quantization in (((1, 256), SAME), ((1, 256), (1 / 128, 0)), ((16, 16), (1 / 128, 0)),
                                    ((16, 16), (0.02, 3)))
    )  # fmt: skip
    writer.operation("TANH", [source], [squashed])
    writer.operation("RESHAPE", [squashed], [square], newShape=[16, 16])
    writer.operation("ABS", [square], [output])
    return [source], [output]


def shape_in_between_is_an_output(writer: Writer) -> tuple[list[int], list[int]]:
    inputs, outputs = through_reshape(writer)
    return inputs, [*outputs, 2]


def two_readers(writer: Writer) -> tuple[list[int], list[int]]:
    """Both branches need what the first operator gives."""
    source, squashed, left, right = (
        writer.tensor((1, 256), *quantization) for quantization in (SAME, (1 / 256, -128), (0.01, 0), (0.02, 5))
    )
    writer.operation("LOGISTIC", [source], [squashed])
    writer.operation("ABS", [squashed], [left])
    writer.operation("QUANTIZE", [squashed], [right])
    return [source], [left, right]


CHAINS = {
    "two": (chain(("TANH", 1 / 128, 0), ("ABS", 0.01, -128)), ["TABLE"]),
    "relu_after_rescale": (chain(("QUANTIZE", 0.2, 7), ("RELU", 0.1, -128)), ["TABLE"]),
    "five": (
        chain(
            ("QUANTIZE", 0.03, 11), ("LEAKY_RELU", 0.04, -3), ("HARD_SWISH", 0.05, -90), ("ELU", 0.03, -60),
            ("LOGISTIC", 1 / 256, -128), alpha=0.3,
        ),
        ["TABLE"],
    ),
    "rsqrt": (chain(("RELU", 0.05, -128), ("RSQRT", 0.03, -128)), ["TABLE"]),
    "relu6_twice": (chain(("RELU6", 0.02, 4), ("RELU6", 0.01, 7)), ["TABLE"]),
    "output_in_between": (chain(("TANH", 1 / 128, 0), ("ABS", 0.01, 0), outputs=(0, 1)), ["TANH", "ABS"]),
    "output_after_two": (
        chain(("TANH", 1 / 128, 0), ("ABS", 0.01, 0), ("ELU", 0.02, 5), outputs=(1, 2)), ["TABLE", "ELU"],
    ),
    "through_reshape": (through_reshape, ["TABLE"]),
    "shape_in_between_is_an_output": (shape_in_between_is_an_output, ["TANH", "ABS"]),
    "two_readers": (two_readers, ["LOGISTIC", "ABS", "QUANTIZE"]),
    "nothing_between_two": (chain(("TANH", *SAME), ("QUANTIZE", *SAME), ("ABS", *SAME)), ["TABLE"]),
    "nothing_is_an_output": (chain(("TANH", *SAME), ("QUANTIZE", *SAME), ("ABS", *SAME), outputs=(1, 2)),
                             ["TANH", "ABS"]),
    "nothing_alone": (chain(("QUANTIZE", *SAME)), []),
    "leaky_relu_of_slope_1": (chain(("LEAKY_RELU", *SAME), ("RELU", *SAME), alpha=1.0), ["RELU"]),
}  # fmt: skip


@pytest.mark.parametrize("name", CHAINS)
def test_which_operators_are_left(name: str) -> None:
    build, left = CHAINS[name]
    assert [operation.name for operation in run_passes(read_tflite(model_of(build))).operations] == left


def assert_exact(cases: dict[str, Build], vectors: int, folder: Path) -> None:
    """All of them as one model, so that the C compiler runs once."""
    writer = Writer()
    sources, outputs, names = [], [], []
    for name, build in cases.items():
        ins, outs = _shifted(writer, build)
        sources += ins
        outputs += outs
        names += [name] * len(outs)
    tflite = writer.build(sources, outputs)
    graph, rng = read_tflite(tflite), np.random.default_rng(0)
    inputs = [edge_vectors(rng, graph.tensors[index].shape, vectors) for index in graph.inputs]
    for array in inputs:
        if array[0].size == 256:
            array[0] = EVERY_VALUE.reshape(array[0].shape)
    actual = run_program(compile_model(tflite), inputs, folder)
    for name, got, wanted in zip(names, actual, run_tflm(tflite, inputs), strict=True):
        np.testing.assert_array_equal(got, wanted, err_msg=name)


def _shifted(writer: Writer, build: Build) -> tuple[list[int], list[int]]:
    """What `build` adds to a writer that holds other tensors already."""
    own = Writer()
    inputs, outputs = build(own)
    tensors, buffers, codes = len(writer.tensors), len(writer.buffers), len(writer.codes)
    for tensor in own.tensors:
        tensor.name = f"t{len(writer.tensors)}"
        tensor.buffer = tensor.buffer + buffers if tensor.buffer else 0
        writer.tensors.append(tensor)
    for operator in own.operators:
        operator.opcodeIndex += codes
        operator.inputs = np.where(operator.inputs >= 0, operator.inputs + tensors, operator.inputs)
        operator.outputs = operator.outputs + tensors
    writer.buffers += own.buffers
    writer.codes += own.codes
    writer.operators += own.operators
    return [index + tensors for index in inputs], [index + tensors for index in outputs]


def test_chains_are_exact_on_every_value(tmp_path: Path) -> None:
    assert_exact({name: build for name, (build, _) in CHAINS.items()}, 12, tmp_path)


def test_the_layer_says_what_its_table_stands_for() -> None:
    text = compile_model(model_of(CHAINS["two"][0])).tree["model.c"]
    assert "TABLE 1 x 256 -> 1 x 256, TANH then ABS; lookup_s8" in text


Producer = Callable[[Writer, float, int, str], tuple[list[int], int]]


def add(writer: Writer, scale: float, zero_point: int, activation: str) -> tuple[list[int], int]:
    sources = [writer.tensor((1, 8), 0.1, 3), writer.tensor((1, 8), 0.07, -9)]
    output = writer.tensor((1, 8), scale, zero_point)
    writer.operation("ADD", sources, [output], fusedActivationFunction=activation_code(activation))
    return sources, output


def conv(writer: Writer, scale: float, zero_point: int, activation: str) -> tuple[list[int], int]:
    rng = np.random.default_rng(0)
    image = writer.tensor((1, 2, 4, 3), 0.1, 3)
    filters = writer.tensor((1, 1, 1, 3), 0.01, data=rng.integers(-127, 128, (1, 1, 1, 3)))
    output = writer.tensor((1, 2, 4, 1), scale, zero_point)
    options = {"padding": 0, "strideW": 1, "strideH": 1, "dilationWFactor": 1, "dilationHFactor": 1}
    fused = activation_code(activation)
    writer.operation("CONV_2D", [image, filters, -1], [output], version=3, **options, fusedActivationFunction=fused)
    return [image], output


def pool(writer: Writer, scale: float, zero_point: int, activation: str) -> tuple[list[int], int]:
    image, output = (writer.tensor(shape, scale, zero_point) for shape in ((1, 4, 4, 2), (1, 2, 2, 2)))
    writer.operation("AVERAGE_POOL_2D", [image], [output], padding=1, strideW=2, strideH=2, filterWidth=2,
                     filterHeight=2, fusedActivationFunction=activation_code(activation))  # fmt: skip
    return [image], output


def dense(writer: Writer, scale: float, zero_point: int, activation: str) -> tuple[list[int], int]:
    source = writer.tensor((1, 4), 0.1, 3)
    weights = np.random.default_rng(0).integers(-127, 128, (8, 4)).astype(np.int8)
    return [source], writer.fully_connected(source, weights, 0.01, None, scale, zero_point, activation=activation)


def clamped(
    producer: Producer, *activations: Step, fused: str = "NONE", output: tuple[float, int] = SAME, flat: bool = False,
    outputs: Sequence[int] = (-1,),
) -> Build:  # fmt: skip
    """A producer with activations behind it; `flat` puts a RESHAPE between. `outputs` are numbers of activations, -2
    also the producer."""

    def build(writer: Writer) -> tuple[list[int], list[int]]:
        inputs, made = producer(writer, *output, fused)
        tensors = [made]
        if flat:
            tensors.append(writer.tensor((1, 8), *output))
            writer.operation("RESHAPE", [made], tensors[-1:], newShape=[1, 8])
        for name, scale, zero_point in activations:
            shape = writer.tensors[tensors[-1]].shape
            tensors.append(writer.tensor(shape, scale, zero_point))
            writer.operation(name, tensors[-2:-1], tensors[-1:])
        return inputs, [tensors[number] for number in outputs]

    return build


RELU, RELU6, OTHER = ("RELU", *SAME), ("RELU6", *SAME), ("RELU", 0.06, -20)
CLAMPED = {
    "conv_relu": (clamped(conv, RELU), ["CONV_2D"]),
    "conv_relu6": (clamped(conv, RELU6), ["CONV_2D"]),
    "conv_relu_after_reshape": (clamped(conv, RELU, flat=True), ["CONV_2D"]),
    "conv_relu_of_another_scale": (clamped(conv, OTHER), ["CONV_2D", "RELU"]),
    "conv_relu_of_another_zero_point": (clamped(conv, ("RELU", SAME[0], 5)), ["CONV_2D", "RELU"]),
    "conv_is_an_output_too": (clamped(conv, RELU, outputs=(-2, -1)), ["CONV_2D", "RELU"]),
    "conv_relu_that_another_operator_reads": (clamped(conv, RELU, OTHER), ["CONV_2D", "RELU"]),
    "dense_relu": (clamped(dense, RELU), ["FULLY_CONNECTED"]),
    "dense_relu_relu6": (clamped(dense, RELU, RELU6), ["FULLY_CONNECTED"]),
    "dense_relu_is_an_output": (clamped(dense, RELU, RELU6, outputs=(-2, -1)), ["FULLY_CONNECTED", "RELU6"]),
    "dense_relu6_then_relu": (clamped(dense, RELU, fused="RELU6"), ["FULLY_CONNECTED"]),
    "dense_relu_n1_to_1_then_relu": (clamped(dense, RELU, fused="RELU_N1_TO_1"), ["FULLY_CONNECTED", "RELU"]),
    "add_relu": (clamped(add, RELU), ["ADD"]),
    "add_relu6_whose_output_has_another_scale": (clamped(add, ("RELU6", 0.3, 9)), ["ADD"]),
    "add_relu6_beyond_int8": (clamped(add, ("RELU6", 0.01, 100), output=(0.01, 100)), ["ADD"]),
    "add_tanh": (clamped(add, ("TANH", 1 / 128, 0)), ["ADD", "TANH"]),
    "pool_relu": (clamped(pool, RELU), ["AVERAGE_POOL_2D"]),
    "pool_relu6": (clamped(pool, RELU6), ["AVERAGE_POOL_2D"]),
}  # fmt: skip


@pytest.mark.parametrize("name", CLAMPED)
def test_which_activations_are_fused(name: str) -> None:
    build, left = CLAMPED[name]
    assert [operation.name for operation in run_passes(read_tflite(model_of(build))).operations] == left


def test_fused_activations_are_exact(tmp_path: Path) -> None:
    assert_exact({name: build for name, (build, _) in CLAMPED.items()}, 200, tmp_path)


def test_a_fused_activation_costs_no_memory() -> None:
    builds = clamped(conv), clamped(conv, RELU, RELU6, flat=True)
    plain, fused = (make_program(read_tflite(model_of(build)), Target()).plan for build in builds)
    assert plain.size_bytes == fused.size_bytes
