"""Every operator, also with constant operands, on every machine at hand: the chip answers what TFLM answers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from tinyml_pipeline.boards.catalog import board_names, load_board
from tinyml_pipeline.compiler.edges import model_edges
from tinyml_pipeline.compiler.read_tflite import read_tflite
from tinyml_pipeline.quantization.quantized_model import load_quantized
from tinyml_pipeline.workflow.chips import chips, run_on_chip

from tests.networks import LAYERS, Int8Array, edge_vectors, make_network
from tests.oracle import run_tflm
from tests.tflite_writer import Writer
from tests.tools import unavailable

EMULATED = [name for name in board_names() if load_board(name).emulator is not None]
# All operators do not fit into 32 KB of flash at once: every third one of them, and a seed with small tensors.
PARTS = {0: 48, 1: 59, 2: 26}


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("board", EMULATED)
def test_every_operator(board: str, part: int) -> None:
    kinds = sorted(LAYERS)[part :: len(PARTS)]
    network = make_network([(kind, number % 2) for number, kind in enumerate(kinds)], PARTS[part], vectors=24)
    assert_chip_agrees(network.tflite, network.inputs, board)


def constant_operands(joined: bool) -> bytes:
    """Operators on an input and a constant on either side (whole, row, column, scalar), or CONCATENATION with two."""
    rng, writer = np.random.default_rng(3), Writer()

    def constant(*shape: int) -> int:
        return writer.tensor(shape, 0.1, 3, data=rng.integers(-128, 128, shape).astype(np.int8))

    source = writer.tensor((1, 4, 6), 0.1, 3)
    if joined:
        output = writer.tensor((1, 4, 11), 0.1, 3)
        writer.operation("CONCATENATION", [constant(1, 4, 2), source, constant(1, 4, 3)], [output], axis=2)
        return writer.build([source], [output])
    outputs = []
    for name in ("ADD", "SUB", "MUL", "DIV", "SQUARED_DIFFERENCE", "MAXIMUM", "MINIMUM"):
        whole, row, column, scalar = constant(4, 6), constant(6), constant(4, 1), constant()
        for pair in ((source, whole), (source, row), (column, source), (scalar, source)):
            outputs.append(writer.tensor((1, 4, 6), 0.15, 2))
            writer.operation(name, pair, [outputs[-1]])
    return writer.build([source], outputs)


@pytest.mark.parametrize("joined", [False, True])
@pytest.mark.parametrize("board", EMULATED)
def test_constant_operands_are_read_from_where_they_lie(board: str, joined: bool) -> None:
    assert_chip_agrees(constant_operands(joined), [edge_vectors(np.random.default_rng(0), (1, 4, 6), 40)], board)


@pytest.mark.parametrize("board", EMULATED)
def test_ports_of_other_types(board: str) -> None:
    """What the wire and `model_io.h` make of them."""
    writer = Writer()
    ports = [writer.tensor((1, 3), 0.001, 5, type="INT16"), writer.tensor((1, 5), 0.07, 17, type="UINT8")]
    ports.append(writer.tensor((1, 3), type="FLOAT32"))
    inner = writer.tensor((1, 3), 0.002, -9, type="INT16")
    writer.operation("QUANTIZE", ports[2:], [inner])
    outputs = []
    for source, size, kind in ((ports[0], 3, "INT16"), (ports[1], 5, "UINT8"), (inner, 3, "INT32")):
        stored, output = writer.tensor((1, size), 0.1, 3), writer.tensor((1, size), 0.03, 2, type=kind)
        writer.operation("QUANTIZE", [source], [stored])
        writer.operation("QUANTIZE", [stored], [output])
        outputs.append(output)
    outputs.append(writer.tensor((1, 3), type="FLOAT32"))
    writer.operation("DEQUANTIZE", [inner], outputs[-1:])
    tflite, rng = writer.build(ports, outputs), np.random.default_rng(0)
    given, _ = model_edges(read_tflite(tflite))
    vectors = [edge.to_own(edge_vectors(rng, edge.inner.shape, 40, edge.inner.dtype)) for edge in given]
    assert_chip_agrees(tflite, vectors, board)


def assert_chip_agrees(tflite: bytes, vectors: Sequence[Int8Array], board: str) -> None:
    at_hand = chips([board])
    for name, missing in at_hand.missing.items():
        unavailable(f"{name} needs {missing}")
    model = load_quantized(tflite, "on_chip")
    given, made = model_edges(model.graph)
    stored = [edge.from_own(values) for edge, values in zip(given, vectors, strict=True)]
    inputs = [values.reshape(len(values), *port.shape) for values, port in zip(stored, model.inputs, strict=True)]
    actual = run_on_chip(model, at_hand.able[0], inputs)
    for edge, got, wanted in zip(made, actual, run_tflm(tflite, vectors), strict=True):
        np.testing.assert_array_equal(edge.to_own(got).reshape(wanted.shape), wanted)
