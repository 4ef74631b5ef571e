"""Passes from graph to graph: what they take away, and that TFLM's answers stay the same."""

from __future__ import annotations

import ctypes
from pathlib import Path

import numpy as np
from tinyml_pipeline.compiler.compile import compile_graph
from tinyml_pipeline.compiler.passes import run_passes
from tinyml_pipeline.compiler.program import make_program
from tinyml_pipeline.compiler.read_tflite import read_tflite
from tinyml_pipeline.compiler.target import Target, find_target

from tests.host import WARNINGS, compile_c, compile_model, run_program, write_tree
from tests.networks import edge_vectors
from tests.ops.check import model_of
from tests.oracle import run_tflm
from tests.tflite_writer import Writer


def uint8_edges(writer: Writer) -> tuple[list[int], list[int]]:
    source = writer.tensor((1, 3), 0.05, 121, type="UINT8")
    stored, hidden = writer.tensor((1, 3), 0.05, -7), writer.tensor((1, 3), 0.1, 3)
    output = writer.tensor((1, 3), 0.1, 131, type="UINT8")
    writer.operation("QUANTIZE", [source], [stored])
    writer.operation("RELU", [stored], [hidden])
    writer.operation("QUANTIZE", [hidden], [output])
    return [source], [output]


def test_uint8_at_the_edges_becomes_helpers_of_the_header(tmp_path: Path) -> None:
    tflite = model_of(uint8_edges)
    sources = write_tree(compile_graph(read_tflite(tflite), "model", Target()), tmp_path)
    driver = tmp_path / "driver.c"
    driver.write_text(
        '#include "model.h"\nvoid run(const uint8_t *x, uint8_t *y);\nvoid run(const uint8_t *x, uint8_t *y)\n{\n'
        "    int8_t in[MODEL_IN_SIZE], out[MODEL_OUT_SIZE];\n"
        "    for (int i = 0; i < MODEL_IN_SIZE; i++) {\n        in[i] = model_from_uint8_in(x[i]);\n    }\n"
        "    model_invoke(in, out);\n"
        "    for (int i = 0; i < MODEL_OUT_SIZE; i++) {\n        y[i] = model_to_uint8_out(out[i]);\n    }\n}\n"
    )
    library = ctypes.CDLL(str(compile_c([driver, *sources], tmp_path / "m.so", "-shared", "-fPIC", *WARNINGS)))
    inputs = np.stack([np.arange(256), np.arange(256)[::-1], np.arange(256)], axis=1).astype(np.uint8)
    (expected,) = run_tflm(tflite, [inputs.reshape(256, 1, 3)])
    actual = np.zeros((256, 3), np.uint8)
    for row, values in enumerate(inputs):
        library.run(values.ctypes.data_as(ctypes.c_void_p), actual[row].ctypes.data_as(ctypes.c_void_p))
    np.testing.assert_array_equal(actual, expected)


def dynamic_reshape(writer: Writer) -> tuple[list[int], list[int]]:
    """What a dynamic batch leaves: the first size of SHAPE, packed with 6, is what RESHAPE takes."""
    source = writer.tensor((1, 2, 3), 0.1, 0)
    shape, batch = writer.tensor((3,), type="INT32"), writer.tensor((), type="INT32")
    six, packed = writer.tensor((), type="INT32", data=6), writer.tensor((2,), type="INT32")
    begin, end = writer.tensor((1,), type="INT32", data=[0]), writer.tensor((1,), type="INT32", data=[1])
    hidden, flat, output = (
        writer.tensor((1, 2, 3), 0.1, 0),
        writer.tensor((1, 6), 0.1, 0),
        writer.tensor((1, 6), 0.2, 0),
    )
    writer.operation("RELU", [source], [hidden])
    writer.operation("SHAPE", [hidden], [shape])
    writer.operation("STRIDED_SLICE", [shape, begin, end, end], [batch], shrinkAxisMask=1)
    writer.operation("PACK", [batch, six], [packed], valuesCount=2)
    writer.operation("RESHAPE", [hidden, packed], [flat])
    writer.operation("QUANTIZE", [flat], [output])
    return [source], [output]


def test_shape_arithmetic_is_folded(tmp_path: Path) -> None:
    tflite = model_of(dynamic_reshape)
    graph = run_passes(read_tflite(tflite))
    assert [operation.name for operation in graph.operations] == ["TABLE"]
    packed = next(tensor for tensor in graph.tensors if tensor.shape == (2,) and tensor.is_constant)
    assert packed.values.tolist() == [1, 6]
    vectors = [edge_vectors(np.random.default_rng(0), (1, 2, 3), 20)]
    np.testing.assert_array_equal(
        run_program(compile_model(tflite), vectors, tmp_path)[0], run_tflm(tflite, vectors)[0]
    )


def constant_first(writer: Writer) -> tuple[list[int], list[int]]:
    source, output = writer.tensor((2, 3), 0.1, 0), writer.tensor((2, 3), 0.2, 0)
    constant = writer.tensor((2, 3), 0.1, 5, data=np.arange(6).reshape(2, 3))
    writer.operation("SUB", [constant, source], [output])
    return [source], [output]


def test_constants_of_an_operand_stay_in_flash(tmp_path: Path) -> None:
    program = make_program(read_tflite(model_of(constant_first)), find_target("avr"))
    assert program.plan.size_bytes == 0
    assert program.constant_bytes == 6


def test_squeeze_and_expand_dims_cost_nothing(tmp_path: Path) -> None:
    writer = Writer()
    source, squeezed = writer.tensor((1, 4, 1), 0.1, 0), writer.tensor((4,), 0.1, 0)
    hidden, output = writer.tensor((4,), 0.1, 0), writer.tensor((1, 4), 0.1, 0)
    axis = writer.tensor((), type="INT32", data=0)
    writer.operation("SQUEEZE", [source], [squeezed])
    writer.operation("RELU", [squeezed], [hidden])
    writer.operation("EXPAND_DIMS", [hidden, axis], [output])
    tflite = writer.build([source], [output])
    assert len(make_program(read_tflite(tflite), Target()).steps) == 1
    vectors = [edge_vectors(np.random.default_rng(0), (1, 4, 1), 20)]
    np.testing.assert_array_equal(
        run_program(compile_model(tflite), vectors, tmp_path)[0], run_tflm(tflite, vectors)[0]
    )


def moved_constants(writer: Writer) -> tuple[list[int], list[int]]:
    """Weights that are transposed, reshaped, sliced and joined with a constant before an ADD reads them."""
    rng = np.random.default_rng(0)
    source = writer.tensor((2, 4), 0.1, 0)
    given = writer.tensor((3, 2), 0.1, 3, data=rng.integers(-128, 128, (3, 2)))
    turned, shaped, cut = (writer.tensor(shape, 0.1, 3) for shape in ((2, 3), (2, 3, 1), (2, 2, 1)))
    joined, halves = writer.tensor((2, 2, 2), 0.1, 3), [writer.tensor((1, 2, 2), 0.1, 3) for _ in range(2)]
    flat, output = writer.tensor((1, 4), 0.1, 3), writer.tensor((2, 4), 0.2, 0)
    more = writer.tensor((2, 2, 1), 0.1, 3, data=rng.integers(-128, 128, (2, 2, 1)))
    writer.operation("TRANSPOSE", [given, writer.tensor((2,), type="INT32", data=[1, 0])], [turned])
    writer.operation("EXPAND_DIMS", [turned, writer.tensor((), type="INT32", data=2)], [shaped])
    bounds = [writer.tensor((3,), type="INT32", data=data) for data in ([0, 1, 0], [2, 2, 1])]
    writer.operation("SLICE", [shaped, *bounds], [cut])
    writer.operation("CONCATENATION", [cut, more], [joined], axis=2)
    writer.operation("SPLIT", [writer.tensor((), type="INT32", data=0), joined], halves, numSplits=2)
    writer.operation("RESHAPE", [halves[1]], [flat], newShape=[1, 4])
    writer.operation("ADD", [source, flat], [output])
    return [source], [output]


def test_moves_of_constants_are_folded(tmp_path: Path) -> None:
    tflite = model_of(moved_constants)
    assert [operation.name for operation in run_passes(read_tflite(tflite)).operations] == ["ADD"]
    inputs = [edge_vectors(np.random.default_rng(0), (2, 4), 20)]
    (actual,) = run_program(compile_model(tflite), inputs, tmp_path)
    np.testing.assert_array_equal(actual, run_tflm(tflite, inputs)[0])


def moves_of_nothing(writer: Writer) -> tuple[list[int], list[int]]:
    """A slice of everything, a transpose of ones, a join of one, a pad by nothing, between two operators."""
    shapes = [(1, 4), (1, 4), (4, 1), (4, 1), (4, 1), (4, 1)]
    source, hidden, turned, cut, joined, padded = (writer.tensor(shape, 0.1, 3) for shape in shapes)
    output = writer.tensor((4, 1), 1 / 128, 0)
    writer.operation("RELU", [source], [hidden])
    writer.operation("TRANSPOSE", [hidden, writer.tensor((2,), type="INT32", data=[1, 0])], [turned])
    bounds = [writer.tensor((2,), type="INT32", data=data) for data in ([0, 0], [4, -1])]
    writer.operation("SLICE", [turned, *bounds], [cut])
    writer.operation("CONCATENATION", [cut], [joined], axis=0)
    writer.operation("PAD", [joined, writer.tensor((2, 2), type="INT32", data=[0, 0, 0, 0])], [padded])
    writer.operation("TANH", [padded], [output])
    return [source], [output]


def test_moves_of_nothing_cost_nothing(tmp_path: Path) -> None:
    tflite = model_of(moves_of_nothing)
    assert [operation.name for operation in run_passes(read_tflite(tflite)).operations] == ["TABLE"]
    inputs = [edge_vectors(np.random.default_rng(0), (1, 4), 20)]
    (actual,) = run_program(compile_model(tflite), inputs, tmp_path)
    np.testing.assert_array_equal(actual, run_tflm(tflite, inputs)[0])
