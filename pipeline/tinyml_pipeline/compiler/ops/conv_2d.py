"""CONV_2D: a convolution of an image by filters over all its channels, or over groups of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tinyml_pipeline.compiler.graph import Tensor
from tinyml_pipeline.compiler.op import Op
from tinyml_pipeline.compiler.ops._channels import Channels, check_weights, read_channels
from tinyml_pipeline.compiler.ops._context import OpContext
from tinyml_pipeline.compiler.ops._window import Window, read_window


@dataclass(frozen=True, eq=False)
class Conv2D(Op):
    """`filters` have the shape (output channels, height, width, input channels of one group)."""

    source: Tensor
    output: Tensor
    window: Window
    filters: npt.NDArray[np.int8]
    channels: Channels

    @property
    def macs(self) -> int:
        return self.window.pixels * int(self.filters.size)

    @property
    def groups(self) -> int:
        return self.window.depth // int(self.filters.shape[3])


def read(op: OpContext) -> Conv2D:
    source, filters, bias, output = op.activation(0), op.input(1), op.optional_input(2), op.output()
    op.quantization(source, "input")
    check_weights(op, filters, axis=0)
    op.require(len(filters.shape) == 4 and filters.size > 0, f"filters of shape {list(filters.shape)}",
               "(outputs, height, width, inputs)")  # fmt: skip
    window = read_window(op, source, output, (filters.shape[1], filters.shape[2]))
    outputs, depth = filters.shape[0], filters.shape[3]
    op.require(window.depth % depth == 0 and outputs % (window.depth // depth) == 0,
               f"filters of {outputs} outputs and {depth} inputs on {window.depth} channels",
               "channels that divide into groups")  # fmt: skip
    op.require(output.shape[3] == outputs, f"an output of {output.shape[3]} channels", str(outputs))
    rows = filters.values.reshape(outputs, -1)
    return Conv2D(source, output, window, filters.values, read_channels(op, source, filters, bias, rows))
