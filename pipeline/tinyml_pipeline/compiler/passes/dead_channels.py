"""Channels of images that cannot influence any output go, with their weights.

A channel that has one value for any input adds the same to every sum of a convolution that reads it, if that value is
the zero point, or if no window of that layer leaves the image: its sum joins the bias. (Otherwise windows at the
borders see less of it.) A dense layer that takes the image as one row has no borders; it loses a column for each pixel
of the channel. A channel whose weights are all 0 adds nothing. Depthwise convolutions and pools keep channels
apart, and lose those of their outputs that go. A channel stays if anything else reads it: an output of the model, an
ADD, a CONCATENATION. So do as many as fill groups of four, which is how kernels take them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from tinyml_pipeline.compiler.graph import Graph, Operation, Quantization, Tensor
from tinyml_pipeline.compiler.ops import reader_of
from tinyml_pipeline.compiler.ops._channels import IntArray
from tinyml_pipeline.compiler.ops._context import OpContext
from tinyml_pipeline.compiler.ops._pool import Pool
from tinyml_pipeline.compiler.ops.conv_2d import Conv2D
from tinyml_pipeline.compiler.ops.depthwise_conv_2d import DepthwiseConv2D
from tinyml_pipeline.compiler.passes._dense_columns import DenseColumns, dense_columns
from tinyml_pipeline.compiler.passes._ranges import Layer, Ranges, channel_ranges
from tinyml_pipeline.errors import UnsupportedError

_NAMES = ("CONV_2D", "DEPTHWISE_CONV_2D", "AVERAGE_POOL_2D", "MAX_POOL_2D")
_GROUP = 4
BoolArray = npt.NDArray[np.bool_]


def run(graph: Graph) -> Graph:
    """Images with fewer channels, between the same inputs and outputs."""
    layers = {
        operation.outputs[0]: layer for operation in graph.operations if (layer := _layer(graph, operation)) is not None
    }
    dense = {
        operation.outputs[0]: columns
        for operation in graph.operations
        if (columns := dense_columns(graph, operation)) is not None
    }
    ranges = channel_ranges(layers.values())
    kept = _kept(graph, layers, dense, ranges)
    if not kept:
        return graph
    writer = _Writer(graph, ranges, kept)
    operations = tuple(writer.rewritten(operation, layers, dense) for operation in graph.operations)
    writer.rename(kept)
    return replace(graph, tensors=tuple(writer.tensors), operations=operations)


def _layer(graph: Graph, operation: Operation) -> Layer | None:
    """The operation, if its channels can be told apart."""
    if operation.name not in _NAMES:
        return None
    try:
        layer = reader_of(operation.name)(OpContext(graph, operation))
    except UnsupportedError:
        return None  # it will be refused, in its own words
    if isinstance(layer, Pool):
        return layer
    if graph.tensors[operation.inputs[1]].type != "INT8":
        return None
    if isinstance(layer, Conv2D):
        return layer if layer.groups == 1 else None
    return layer if isinstance(layer, DepthwiseConv2D) and layer.multiplier == 1 else None


def _kept(
    graph: Graph, layers: Mapping[int, Layer], dense: Mapping[int, DenseColumns], ranges: Mapping[int, Ranges]
) -> dict[int, BoolArray]:
    """For each image that loses channels, which ones it keeps."""
    roots: dict[int, int] = {}  # images whose channels correspond have the one that a convolution made in common
    for output, layer in layers.items():
        source = layer.source.index
        roots[output] = output if isinstance(layer, Conv2D) else roots.get(source, source)
    fixed = {root for index, root in roots.items() if root not in layers or not _is_inner(graph, index, layers, dense)}
    needed = {root: np.zeros(graph.tensors[root].shape[3], np.bool_) for root in roots.values() if root in layers}
    for columns in dense.values():
        root = roots.get(columns.image.index, -1)
        if root in needed:
            needed[root] |= columns.read_channels(ranges[columns.image.index])
    for output, layer in reversed(tuple(layers.items())):
        source = roots.get(layer.source.index, -1)
        if isinstance(layer, Conv2D) and source in needed:
            alive = _alive(needed[output], output in fixed)
            needed[source] |= _read(layer, alive, ranges[layer.source.index])
    chosen = {root: _filled(alive) for root, alive in needed.items() if root not in fixed}
    return {index: chosen[root] for index, root in roots.items() if root in chosen and not chosen[root].all()}


def _alive(needed: BoolArray, is_fixed: bool) -> BoolArray:
    return np.ones_like(needed) if is_fixed else _filled(needed)


def _is_inner(graph: Graph, index: int, layers: Mapping[int, Layer], dense: Mapping[int, DenseColumns]) -> bool:
    """Whether only layers read an image, under other names only dense ones; none of its names is an output."""
    names = _names(graph, index)
    if index in graph.aliases or not names.isdisjoint(graph.outputs):
        return False
    return all(
        user.inputs[0] == name and (user.outputs[0] in dense or (name == index and user.outputs[0] in layers))
        for name in names
        for user in graph.users(name)
    )


def _names(graph: Graph, index: int) -> set[int]:
    """Of an image: its own, and those of its bytes under other shapes."""
    return {index, *(alias for alias in graph.aliases if graph.storage(alias) == index)}


def _read(layer: Conv2D, alive: BoolArray, given: Ranges) -> BoolArray:
    """Of which input channels the outputs that are `alive` depend in a way that no bias can express."""
    used = (layer.filters[alive] != 0).any(axis=(0, 1, 2))
    in_bias = given.is_constant & (given.lowest == layer.channels.input_zero_point)
    if not layer.window.leaves_image:
        in_bias = given.is_constant
    read: BoolArray = used & ~in_bias
    return read


def _filled(needed: BoolArray) -> BoolArray:
    """With the first others that fill a group."""
    filled = needed.copy()
    missing = -int(needed.sum()) % _GROUP if needed.any() else _GROUP
    filled[np.flatnonzero(~needed)[:missing]] = True
    return filled


@dataclass
class _Writer:
    """The tensors of the new graph, while operations are rewritten."""

    graph: Graph
    ranges: Mapping[int, Ranges]
    kept: Mapping[int, BoolArray]

    def __post_init__(self) -> None:
        self.tensors = list(self.graph.tensors)

    def rename(self, images: Iterable[int]) -> None:
        """Gives the other names of images that lost channels their size, as one row."""
        for index in images:
            for name in _names(self.graph, index) - {index}:
                self.tensors[name] = replace(self.tensors[name], shape=(1, self.tensors[index].size))

    def rewritten(
        self, operation: Operation, layers: Mapping[int, Layer], dense: Mapping[int, DenseColumns]
    ) -> Operation:
        output = operation.outputs[0] if operation.outputs else -1
        if output in layers:
            return self._layer(operation, layers[output])
        return self._dense(operation, dense[output]) if output in dense else operation

    def _dense(self, operation: Operation, columns: DenseColumns) -> Operation:
        inputs = self.kept.get(columns.image.index)
        if inputs is None:
            return operation
        values, bias = columns.without(~inputs, self.ranges[columns.image.index])
        weights = self._weights(self.graph.tensors[operation.inputs[1]], values, np.ones(len(values), np.bool_), 0)
        scale = Quantization((columns.bias_scale,), (0,))
        return replace(operation, inputs=(operation.inputs[0], weights, self._bias(operation, bias, scale)))

    def _layer(self, operation: Operation, layer: Layer) -> Operation:
        outputs = self.kept.get(layer.output.index)
        inputs = self.kept.get(layer.source.index)
        if outputs is not None:
            shape = (*layer.output.shape[:3], int(outputs.sum()))
            self.tensors[layer.output.index] = replace(layer.output, shape=shape)
        if isinstance(layer, Pool) or (outputs is None and inputs is None):
            return operation
        chosen = np.ones(layer.output.shape[3], np.bool_) if outputs is None else outputs
        bias = layer.channels.own_bias[chosen]
        if isinstance(layer, DepthwiseConv2D):
            filters = layer.filters[None, :, :, chosen]
        else:
            filters = layer.filters[chosen]
            if inputs is not None:
                bias = bias + self._constant_sums(layer, filters, ~inputs)
                filters = filters[..., inputs]
        axis = 3 if isinstance(layer, DepthwiseConv2D) else 0
        weights = self._weights(self.graph.tensors[operation.inputs[1]], filters, chosen, axis)
        return replace(operation, inputs=(operation.inputs[0], weights, self._bias(operation, bias)))

    def _constant_sums(self, layer: Conv2D, filters: npt.NDArray[np.int8], gone: BoolArray) -> IntArray:
        """What the channels that are gone add to each sum; those that are not constant have weights of 0."""
        given = self.ranges[layer.source.index]
        values = np.where(given.is_constant, given.lowest - layer.channels.input_zero_point, 0)
        sums: IntArray = (filters.astype(np.int64).sum(axis=(1, 2)) * np.where(gone, values, 0)).sum(axis=1)
        return sums

    def _weights(self, old: Tensor, values: npt.NDArray[np.int8], chosen: BoolArray, axis: int) -> int:
        quantization = old.quantization
        assert quantization is not None, "convolutions without scales are refused"
        if quantization.per_channel:
            scales = tuple(scale for scale, stays in zip(quantization.scales, chosen, strict=True) if stays)
            quantization = Quantization(scales, (0,) * len(scales), axis)
        data = np.ascontiguousarray(values).tobytes()
        return self._add(replace(old, shape=values.shape, quantization=quantization, data=data))

    def _bias(self, operation: Operation, values: IntArray, scale: Quantization | None = None) -> int:
        old = operation.inputs[2] if len(operation.inputs) > 2 else -1
        name = self.graph.tensors[old].name if old != -1 else "bias"
        data = values.astype("<i4").tobytes()
        return self._add(Tensor(-1, name, "INT32", values.shape, quantization=scale, data=data))

    def _add(self, tensor: Tensor) -> int:
        self.tensors.append(replace(tensor, index=len(self.tensors)))
        return len(self.tensors) - 1
