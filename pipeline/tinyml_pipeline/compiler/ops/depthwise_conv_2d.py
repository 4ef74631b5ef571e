"""DEPTHWISE_CONV_2D: each input channel has one filter, or several, of its own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tinyml_pipeline.compiler.graph import Tensor
from tinyml_pipeline.compiler.op import Op
from tinyml_pipeline.compiler.ops._channels import Channels, check_weights, read_channels
from tinyml_pipeline.compiler.ops._context import OpContext
from tinyml_pipeline.compiler.ops._window import Window, read_window, require_16_bits


@dataclass(frozen=True, eq=False)
class DepthwiseConv2D(Op):
    """`filters`: (height, width, output channels); input channel c makes outputs c * multiplier and on."""

    source: Tensor
    output: Tensor
    window: Window
    multiplier: int
    filters: npt.NDArray[np.int8]
    channels: Channels

    @property
    def macs(self) -> int:
        return self.window.pixels * int(self.filters.size)


def read(op: OpContext) -> DepthwiseConv2D:
    source, filters, bias, output = op.activation(0), op.input(1), op.optional_input(2), op.output()
    op.quantization(source, "input")
    check_weights(op, filters, axis=3)
    op.require(len(filters.shape) == 4 and filters.shape[0] == 1 and filters.size > 0,
               f"filters of shape {list(filters.shape)}", "(1, height, width, outputs)")  # fmt: skip
    window = read_window(op, source, output, (filters.shape[1], filters.shape[2]))
    outputs, multiplier = filters.shape[3], op.option("depth_multiplier", 0)
    require_16_bits(op, "a depth multiplier", multiplier)
    op.require(outputs == window.depth * multiplier,
               f"{outputs} outputs from {window.depth} channels with depth multiplier {multiplier}",
               "channels times multiplier")  # fmt: skip
    op.require(output.shape[3] == outputs, f"an output of {output.shape[3]} channels", str(outputs))
    rows = filters.values.reshape(window.taps, outputs).T
    channels = read_channels(op, source, filters, bias, rows)
    return DepthwiseConv2D(source, output, window, multiplier, filters.values[0], channels)
