"""Which outputs each channel of an image can have, for any input: intervals, carried from layer to layer."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tinyml_pipeline.compiler.ops._channels import Channels, IntArray
from tinyml_pipeline.compiler.ops._context import INT8_MAX, INT8_MIN
from tinyml_pipeline.compiler.ops._pool import Pool
from tinyml_pipeline.compiler.ops.conv_2d import Conv2D
from tinyml_pipeline.compiler.ops.depthwise_conv_2d import DepthwiseConv2D

Layer = Conv2D | DepthwiseConv2D | Pool


class Ranges(NamedTuple):
    """Of each channel."""

    lowest: IntArray
    highest: IntArray

    @property
    def is_constant(self) -> npt.NDArray[np.bool_]:
        alike: npt.NDArray[np.bool_] = self.lowest == self.highest
        return alike


def channel_ranges(layers: Iterable[Layer]) -> dict[int, Ranges]:
    """Of the outputs of these layers, in the order in which they run; other tensors hold anything."""
    found: dict[int, Ranges] = {}
    for layer in layers:
        given = found.get(layer.source.index, _anything(layer.source.shape[3]))
        found[layer.output.index] = _through(layer, given)
    return found


def _anything(channels: int) -> Ranges:
    return Ranges(np.full(channels, INT8_MIN), np.full(channels, INT8_MAX))


def _through(layer: Layer, given: Ranges) -> Ranges:
    if isinstance(layer, Pool):  # means and maxima lie between what they are of
        ends = (np.clip(values, layer.output_min, layer.output_max) for values in given)
        return Ranges(*ends)
    low, high = (values - layer.channels.input_zero_point for values in given)
    if layer.window.leaves_image:
        low, high = np.minimum(low, 0), np.maximum(high, 0)
    if isinstance(layer, Conv2D):
        weights = layer.filters.reshape(len(layer.filters), -1, layer.filters.shape[3]).astype(np.int64)
    else:
        weights = layer.filters.reshape(-1, layer.filters.shape[2], 1).transpose(1, 0, 2).astype(np.int64)
        low, high = low[:, None, None], high[:, None, None]
    up, down = np.maximum(weights, 0), np.minimum(weights, 0)
    lowest = layer.channels.own_bias + (up * low + down * high).sum(axis=(1, 2))
    highest = layer.channels.own_bias + (up * high + down * low).sum(axis=(1, 2))
    return _outputs(layer.channels, lowest, highest)


def _outputs(channels: Channels, lowest: IntArray, highest: IntArray) -> Ranges:
    """Outputs grow with sums, but for those that wrap."""
    low, high = np.full(len(lowest), channels.output_min), np.full(len(highest), channels.output_max)
    for channel, sums in enumerate(zip(lowest.tolist(), highest.tolist(), strict=True)):
        ends = [channels.output(channel, sum_) for sum_ in sums]
        if ends[0] is not None and ends[1] is not None:
            low[channel], high[channel] = ends
    return Ranges(low, high)
