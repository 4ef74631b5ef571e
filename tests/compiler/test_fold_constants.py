"""Operators on constants alone: TFLM computes them once, or their kernels do in every inference."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tinyml_pipeline.compiler.graph import Graph, Operation
from tinyml_pipeline.compiler.passes import fold_constants, run_passes
from tinyml_pipeline.compiler.passes.fold_constants import Evaluate
from tinyml_pipeline.compiler.read_tflite import read_tflite
from tinyml_pipeline.compiler.target import find_target
from tinyml_pipeline.errors import UnsupportedError
from tinyml_pipeline.host.interpreters.one_operation import run_operation
from tinyml_pipeline.quantization.lint import lint

from tests.host import compile_model, run_program
from tests.networks import edge_vectors
from tests.ops.check import EVERY_KIND, Build, model_of
from tests.oracle import run_tflm
from tests.tflite_writer import Writer, activation_code

SHAPE = (1, 2, 3)
RNG = np.random.default_rng(0)
BYTES = RNG.integers(-128, 128, (6, *SHAPE)).astype(np.int8)


def added(writer: Writer, constant: int) -> tuple[list[int], list[int]]:
    """The constant plus an input."""
    source, output = writer.tensor(SHAPE, 0.1, 3), writer.tensor(SHAPE, 0.3, -5)
    writer.operation("ADD", [source, constant], [output])
    return [source], [output]


def arithmetic(writer: Writer) -> tuple[list[int], list[int]]:
    """(a - b with RELU6) * tanh(c), with another scale each."""
    a, b, c = (writer.tensor(SHAPE, 0.02 * (n + 1), 5 * n, data=BYTES[n]) for n in range(3))
    difference, turned, product = (
        writer.tensor(SHAPE, scale, zero_point) for scale, zero_point in ((0.05, -128), (1 / 128, 0), (0.04, -7))
    )
    writer.operation("SUB", [a, b], [difference], fusedActivationFunction=activation_code("RELU6"))
    writer.operation("TANH", [c], [turned])
    writer.operation("MUL", [difference, turned], [product])
    return added(writer, product)


def convolved(writer: Writer) -> tuple[list[int], list[int]]:
    """A constant image through a strided convolution, whose options matter, and a mean."""
    image = writer.tensor((1, 4, 6, 2), 0.1, 3, data=RNG.integers(-128, 128, (1, 4, 6, 2)))
    filters = writer.tensor((3, 2, 2, 2), [0.01, 0.02, 0.03], data=RNG.integers(-127, 128, (3, 2, 2, 2)))
    bias = writer.tensor((3,), [0.001, 0.002, 0.003], type="INT32", data=[100, -200, 300])
    made, mean = writer.tensor((1, 2, 3, 3), 0.2, -9), writer.tensor(SHAPE, 0.1, 4)
    writer.operation("CONV_2D", [image, filters, bias], [made], version=3, padding=0, strideW=2, strideH=2,
                     dilationWFactor=1, dilationHFactor=1)  # fmt: skip
    writer.operation("MEAN", [made, writer.tensor((1,), type="INT32", data=[3])], [mean])
    return added(writer, mean)


def from_float(writer: Writer) -> tuple[list[int], list[int]]:
    """Weights of per-channel int8 that become float32, are multiplied there, and become int8 again."""
    given = writer.tensor(SHAPE, [0.1, 0.2], [0, 0], axis=1, data=BYTES[0])
    factor = writer.tensor((3,), type="FLOAT32", data=[0.5, -1.25, 3.3])
    real, scaled = (writer.tensor(SHAPE, type="FLOAT32") for _ in range(2))
    stored = writer.tensor(SHAPE, 0.2, 1)
    writer.operation("DEQUANTIZE", [given], [real])
    writer.operation("MUL", [real, factor], [scaled])
    writer.operation("QUANTIZE", [scaled], [stored])
    return added(writer, stored)


def shape_product(writer: Writer) -> tuple[list[int], list[int]]:
    """RESHAPE to 2 * 3 rows."""
    source, output = writer.tensor(SHAPE, 0.1, 3), writer.tensor((6,), 0.2, 3)
    reshaped = writer.tensor((6,), 0.1, 3)
    two, three = (writer.tensor((1,), type="INT32", data=[n]) for n in (2, 3))
    rows = writer.tensor((1,), type="INT32")
    writer.operation("MUL", [two, three], [rows])
    writer.operation("RESHAPE", [source, rows], [reshaped])
    writer.operation("QUANTIZE", [reshaped], [output])
    return [source], [output]


def output_too(writer: Writer) -> tuple[list[int], list[int]]:
    """A result that is an output of the model has to be written in every inference."""
    constant, made = writer.tensor(SHAPE, 0.1, 3, data=BYTES[0]), writer.tensor(SHAPE, 0.05, -3)
    turned = writer.tensor((1, 3, 2), 0.05, -3)
    writer.operation("QUANTIZE", [constant], [made])
    writer.operation("TRANSPOSE", [made, writer.tensor((3,), type="INT32", data=[0, 2, 1])], [turned])
    inputs, outputs = added(writer, made)
    return inputs, [*outputs, made, turned]


INT8 = {"arithmetic": arithmetic, "convolved": convolved, "output_too": output_too}
LEFT = {
    "arithmetic": ["ADD"],
    "convolved": ["ADD"],
    "output_too": ["QUANTIZE", "TRANSPOSE", "ADD"],
    "from_float": ["ADD"],
    "shape_product": ["QUANTIZE"],
}


def assert_equal(build: Build, evaluate: Evaluate | None, folder: Path, target: str = "portable") -> None:
    tflite = model_of(build)
    inputs = [edge_vectors(np.random.default_rng(1), SHAPE, 20)]
    model = compile_model(tflite, find_target(target), evaluate=evaluate)
    for got, wanted in zip(run_program(model, inputs, folder), run_tflm(tflite, inputs), strict=True):
        np.testing.assert_array_equal(got, wanted)


@pytest.mark.parametrize("name", LEFT)
def test_tflm_folds_them(name: str, tmp_path: Path) -> None:
    build = {**INT8, "from_float": from_float, "shape_product": shape_product}[name]
    graph = read_tflite(model_of(build))
    assert lint(graph).problems == ()
    assert [operation.name for operation in run_passes(graph, run_operation).operations] == LEFT[name]
    assert_equal(build, run_operation, tmp_path)


@pytest.mark.parametrize("target", ["portable", "avr", "cortex-m4"])
@pytest.mark.parametrize("name", INT8)
def test_without_tflm_their_kernels_run(name: str, target: str, tmp_path: Path) -> None:
    assert target in EVERY_KIND
    assert_equal(INT8[name], None, tmp_path, target)


def test_what_tflm_refuses_stays() -> None:
    def refuse(graph: Graph, operation: Operation) -> None:
        return None

    graph = read_tflite(model_of(arithmetic))
    assert [operation.name for operation in run_passes(graph, refuse).operations] == ["SUB", "TANH", "MUL", "ADD"]


def test_tflm_says_none_to_what_it_cannot_run(capfd: pytest.CaptureFixture[str]) -> None:
    """A value below 0 ends TFLM's RSQRT; its words are not printed."""
    writer = Writer()
    below, output = writer.tensor((1,), 0.1, 0, data=[-3]), writer.tensor((1,), 0.1, 0)
    writer.operation("RSQRT", [below], [output])
    graph = read_tflite(writer.build([], [output]))
    assert run_operation(graph, graph.operations[0]) is None
    assert capfd.readouterr() == ("", "")


def test_shapes_that_contradict_each_other_never_reach_tflm() -> None:
    """TFLM would read beyond the smaller constant."""

    def never(graph: Graph, operation: Operation) -> None:
        raise AssertionError(operation.name)

    def wrong(writer: Writer, *, type: str, name: str) -> tuple[list[int], list[int]]:
        scale = 0.1 if type == "INT8" else None
        a, b = (writer.tensor((size,), scale, type=type, data=[1] * size) for size in (2, 3))
        output = writer.tensor((3,), scale, type=type)
        writer.operation(name, [a, b] if name == "ADD" else [a], [output])
        return [], [output]

    for type in ("INT8", "INT32", "FLOAT32"):
        for name in ("ADD", "QUANTIZE", "DEQUANTIZE"):
            writer = Writer()
            _, outputs = wrong(writer, type=type, name=name)
            fold_constants.run(replace(read_tflite(writer.build([], outputs)), outputs=()), never)


def test_float_constants_need_tflm() -> None:
    with pytest.raises(UnsupportedError) as caught:
        compile_model(model_of(from_float))
    assert str(caught.value) == (
        "dequantize (op 0): this operator on float32 constants is unsupported; supported: that where tflite-micro is"
        " installed, which has to compute it."
    )
