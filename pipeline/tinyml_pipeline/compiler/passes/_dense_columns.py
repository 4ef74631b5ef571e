"""Dense layers that take an image as one row: to each channel belongs one column of weights for each pixel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tinyml_pipeline.compiler.graph import Graph, Operation, Tensor
from tinyml_pipeline.compiler.ops import fully_connected
from tinyml_pipeline.compiler.ops._channels import IntArray
from tinyml_pipeline.compiler.ops._context import OpContext
from tinyml_pipeline.compiler.ops.fully_connected import FullyConnected
from tinyml_pipeline.compiler.passes._ranges import Ranges
from tinyml_pipeline.errors import UnsupportedError

BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class DenseColumns:
    """`weights` has the shape (outputs, pixels, channels)."""

    image: Tensor
    weights: npt.NDArray[np.int8]
    own_bias: IntArray
    input_zero_point: int
    bias_scale: float
    """What TFLite gives the bias of a layer with one scale: that of the input times that of the weights."""

    def read_channels(self, given: Ranges) -> BoolArray:
        """Those on which an output depends in a way that no bias can express."""
        read: BoolArray = (self.weights != 0).any(axis=(0, 1)) & ~given.is_constant
        return read

    def without(self, gone: BoolArray, given: Ranges) -> tuple[npt.NDArray[np.int8], IntArray]:
        """Weights (outputs, inputs) and biases without the channels that are gone."""
        values = np.where(given.is_constant & gone, given.lowest - self.input_zero_point, 0)
        bias = self.own_bias + (self.weights.astype(np.int64).sum(axis=1) * values).sum(axis=1)
        return self.weights[:, :, ~gone].reshape(len(self.weights), -1), bias


def dense_columns(graph: Graph, operation: Operation) -> DenseColumns | None:
    """None for other operations, and for those whose columns are not the channels of one image."""
    if operation.name != "FULLY_CONNECTED":
        return None
    try:
        op = fully_connected.read(OpContext(graph, operation))
    except UnsupportedError:
        return None  # it will be refused, in its own words
    image = graph.tensors[graph.storage(operation.inputs[0])]
    weights = graph.tensors[operation.inputs[1]]
    given, scaled = op.source.quantization, weights.quantization
    if len(image.shape) != 4 or op.batches != 1 or image.shape[0] != 1 or weights.type != "INT8":
        return None
    assert given is not None, "dense layers without scales are refused"
    assert scaled is not None, "dense layers without scales are refused"
    return DenseColumns(
        image,
        op.weights.reshape(len(op.weights), -1, image.shape[3]),
        own_bias(op, given.zero_point),
        given.zero_point,
        given.scale * scaled.scales[0],
    )


def own_bias(op: FullyConnected, input_zero_point: int) -> IntArray:
    """Without the input's zero point."""
    own: IntArray = op.bias + input_zero_point * op.weights.astype(np.int64).sum(axis=1)
    return own
