"""Channels that cannot influence an output go; TFLM's bytes stay."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tinyml_pipeline.compiler.compile import compile_graph
from tinyml_pipeline.compiler.dtypes import DType
from tinyml_pipeline.compiler.graph import Graph
from tinyml_pipeline.compiler.passes import run_passes
from tinyml_pipeline.compiler.read_tflite import read_tflite
from tinyml_pipeline.compiler.target import Target, find_target

from tests.host import Compiled, compile_model, run_program
from tests.networks import edge_vectors
from tests.ops.convolutions import convolution
from tests.oracle import run_tflm
from tests.tflite_writer import Writer

SIZE, DEPTH = (5, 6), 4
RELU = {"wanted": (0.2, -128), "activation": "RELU"}
FAR = 2**27  # a bias that decides an output whatever the inputs are
Network = Callable[["Chain"], None]


class Chain:
    """Layers behind each other, on images of SIZE."""

    def __init__(self) -> None:
        self.writer, self.sources, self.last, self.depth = Writer(), [], -1, DEPTH
        self.kept = (0.1, -3)
        self.outputs: list[int] = []

    def layer(self, channels: int, filter_size: int = 1, **options: Any) -> int:
        given = {"given": self.kept, "wanted": (0.2, 5), "weight_scale": 0.01, "bias": None, **options}
        if self.last != -1:
            given["source"] = self.last
        image = (*SIZE, self.depth)
        ins, (self.last,) = convolution(image, channels, (filter_size, filter_size), **given)(self.writer)
        self.sources = self.sources or ins
        self.kept, self.depth = given["wanted"], channels
        return self.last

    def dense(self, outputs: int, rows: int = 1, unread: Sequence[int] = ()) -> None:
        """Of the image as rows; the channels `unread` have weights of 0."""
        shape = self.writer.tensors[self.last].shape
        columns = int(np.prod(shape)) // rows
        row, wanted = self.writer.tensor((rows, columns), *self.kept), [rows, columns]
        self.writer.operation("RESHAPE", [self.last, self.writer.tensor((2,), type="INT32", data=wanted)], [row])
        weights = np.random.default_rng(outputs).integers(-127, 128, (outputs, columns // self.depth, self.depth))
        weights[..., list(unread)] = 0
        rows_of_weights = weights.reshape(outputs, columns).astype(np.int8)
        self.last = self.writer.fully_connected(row, rows_of_weights, 0.01, None, 3.0, 5, shape=(rows, outputs))

    def build(self) -> bytes:
        return self.writer.build(self.sources, [*self.outputs, self.last])


def half(*dead: int) -> list[int]:
    """Biases of eight channels: of those that are dead, so low that ReLU makes them the zero point."""
    return [-FAR if channel in dead else 100 * channel for channel in range(8)]


def at_the_zero_point(chain: Chain) -> None:
    chain.layer(8, bias=half(0, 2, 3, 7), **RELU)
    chain.layer(8, 3, depthwise=True, **RELU)
    chain.layer(6, 3)


def elsewhere(chain: Chain) -> None:
    """127, in a layer without padding."""
    chain.layer(8, bias=[FAR if channel % 2 else 0 for channel in range(8)], **RELU)
    chain.layer(6)


def elsewhere_with_padding(chain: Chain) -> None:
    chain.layer(8, bias=[FAR if channel % 2 else 0 for channel in range(8)], **RELU)
    chain.layer(6, 3)


def behind_a_constant(chain: Chain) -> None:
    """A depthwise layer makes constants of channels that are not."""
    chain.layer(8)
    chain.layer(8, 3, depthwise=True, bias=half(1, 2, 4, 5), **RELU)
    chain.layer(5)


def weights_of_zero(chain: Chain) -> None:
    chain.layer(8)
    weights = np.random.default_rng(5).integers(-127, 128, (4, 3, 3, 8))
    weights[..., [0, 1, 5, 6]] = 0
    chain.layer(4, 3, weights=weights)


def read_by_an_add(chain: Chain) -> None:
    first = chain.layer(8, bias=half(0, 2, 3, 7), **RELU)
    chain.layer(8)
    total = chain.writer.tensor((1, *SIZE, 8), 0.3, 2)
    chain.writer.operation("ADD", [first, chain.last], [total], version=2)
    chain.last = total


def an_output(chain: Chain) -> None:
    chain.outputs.append(chain.layer(8, bias=half(0, 2, 3, 7), **RELU))
    chain.layer(4)


def two_readers(chain: Chain) -> None:
    """Each of which leaves other channels out."""
    first = chain.layer(8)
    weights = np.random.default_rng(6).integers(1, 128, (4, 1, 1, 8))
    for unused in (slice(0, 6), slice(2, 8)):
        chain.last, chain.depth, chain.kept = first, 8, (0.2, 5)
        part = weights.copy()
        part[..., unused] = 0
        chain.outputs.append(chain.layer(4, weights=part))
    chain.outputs.pop()


def a_pool_between(chain: Chain) -> None:
    chain.layer(8, bias=half(0, 1, 2, 3), **RELU)
    pooled = chain.writer.tensor((1, *SIZE, 8), *RELU["wanted"])  # type: ignore[misc]
    chain.writer.operation(
        "AVERAGE_POOL_2D", [chain.last], [pooled], version=2, padding=0, strideW=1, strideH=1, filterWidth=2,
        filterHeight=2,
    )  # fmt: skip
    chain.last = pooled
    chain.layer(4, 3)


def columns_of_a_dense_layer(chain: Chain) -> None:
    chain.layer(8, bias=half(0, 2, 3, 7), **RELU)
    chain.layer(8, 3, depthwise=True, bias=[FAR if channel == 2 else 0 for channel in range(8)], **RELU)
    chain.dense(5)


def columns_that_are_not_read(chain: Chain) -> None:
    chain.layer(8)
    chain.dense(3, unread=(1, 2, 5, 6))


def rows_of_several_batches(chain: Chain) -> None:
    chain.layer(8, bias=half(0, 2, 3, 7), **RELU)
    chain.dense(5, rows=5)


def a_row_that_is_an_output(chain: Chain) -> None:
    chain.layer(8, bias=half(0, 2, 3, 7), **RELU)
    chain.dense(5)
    chain.outputs.append(int(chain.writer.operators[-1].inputs[0]))


def everything(chain: Chain) -> None:
    chain.layer(8, bias=half(*range(8)), **RELU)
    chain.layer(3, 3, bias=[1000, -2000, 0])


def from_layer_to_layer(chain: Chain) -> None:
    """Half of each layer is dead because half of the one before is."""
    for _ in range(3):
        weights = np.full((8, 1, 1, chain.depth), 1)
        weights[4:] = -1
        chain.layer(8, weights=weights, **{**RELU, "given": (0.1, -128)})
    chain.layer(4)


# Channels of the image that the first layer makes, and of the second's, of eight each.
CASES: dict[str, tuple[Network, tuple[int, ...]]] = {
    "at_the_zero_point": (at_the_zero_point, (4, 4)),
    "elsewhere": (elsewhere, (4,)),
    "elsewhere_with_padding": (elsewhere_with_padding, (8,)),
    "behind_a_constant": (behind_a_constant, (4, 4)),
    "weights_of_zero": (weights_of_zero, (4,)),
    "read_by_an_add": (read_by_an_add, (8, 8)),
    "an_output": (an_output, (8,)),
    "two_readers": (two_readers, (4,)),
    "a_pool_between": (a_pool_between, (4, 4)),
    "columns_of_a_dense_layer": (columns_of_a_dense_layer, (4, 4)),
    "columns_that_are_not_read": (columns_that_are_not_read, (4,)),
    "rows_of_several_batches": (rows_of_several_batches, (8,)),
    "a_row_that_is_an_output": (a_row_that_is_an_output, (8,)),
    "everything": (everything, (4,)),
    "from_layer_to_layer": (from_layer_to_layer, (4, 4, 4)),
}


def make(network: Network) -> bytes:
    chain = Chain()
    network(chain)
    return chain.build()


def depths(graph: Graph) -> tuple[int, ...]:
    return tuple(graph.tensors[operation.outputs[0]].shape[-1] for operation in graph.operations)


@pytest.mark.parametrize("case", CASES)
def test_so_many_channels_stay(case: str) -> None:
    network, expected = CASES[case]
    assert depths(run_passes(read_tflite(make(network))))[: len(expected)] == expected


@pytest.mark.parametrize("target", [Target(), find_target("cortex-m4", "speed")], ids=lambda target: target.name)
@pytest.mark.parametrize("case", CASES)
def test_exact(case: str, target: Target, tmp_path: Path) -> None:
    tflite = make(CASES[case][0])
    vectors = (edge_vectors(np.random.default_rng(2), (1, *SIZE, DEPTH), 40),)
    actual = run_program(compile_model(tflite, target), vectors, tmp_path)
    for got, wanted in zip(actual, run_tflm(tflite, vectors), strict=True):
        np.testing.assert_array_equal(got, wanted)


def test_live_channels_are_tflms(tmp_path: Path) -> None:
    """Of the image between the layers, which is an output of the whole model, and made one of that without the dead."""
    tflite, vectors = make(an_output), (edge_vectors(np.random.default_rng(2), (1, *SIZE, DEPTH), 40),)
    inner, last = run_tflm(tflite, vectors)
    fewer = run_passes(read_tflite(make(without_output)))
    image = fewer.operations[0].outputs[0]
    graph = replace(fewer, outputs=(image, *fewer.outputs), output_names=("image", "last"))
    sizes = tuple(fewer.tensors[index].size for index in graph.outputs)
    model = Compiled(compile_graph(graph, "model", Target()), (vectors[0][0].size,), sizes, (DType.INT8,) * 3)
    actual = run_program(model, vectors, tmp_path)
    np.testing.assert_array_equal(actual[0].reshape(-1, 4), inner.reshape(-1, 8)[:, [1, 4, 5, 6]])
    np.testing.assert_array_equal(actual[1].ravel(), last.ravel())


def without_output(chain: Chain) -> None:
    an_output(chain)
    chain.outputs.clear()


def test_a_dense_layer_loses_the_columns_of_half_of_the_image() -> None:
    graph = run_passes(read_tflite(make(columns_of_a_dense_layer)))
    weights = [graph.tensors[operation.inputs[1]] for operation in graph.operations]
    assert [tensor.shape for tensor in weights] == [(4, 1, 1, 4), (1, 3, 3, 4), (5, 4 * 5 * 6)]


def test_what_half_is_dead_has_half_of_the_weights() -> None:
    tree = compile_graph(read_tflite(make(at_the_zero_point)), "half", find_target("portable"))
    text = "".join(str(tree[name]) for name in tree)
    assert "1 x 5 x 6 x 4 -> 1 x 5 x 6 x 6, 6,480 MACs" in text
