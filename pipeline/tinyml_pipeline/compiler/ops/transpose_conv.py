"""TRANSPOSE_CONV: every input adds a scaled filter to the output; strides make the output larger than the input."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tinyml_pipeline.compiler.graph import Tensor
from tinyml_pipeline.compiler.op import Op
from tinyml_pipeline.compiler.ops._channels import Channels, check_weights, read_channels
from tinyml_pipeline.compiler.ops._context import OpContext
from tinyml_pipeline.compiler.ops._window import is_same_padding, padded_places, require_16_bits


@dataclass(frozen=True, eq=False)
class TransposeConv(Op):
    """`filters` have the shape (output channels, height, width, input channels).

    `top` and `left` count the rows and columns that are cut off before the output.
    """

    source: Tensor
    output: Tensor
    filters: npt.NDArray[np.int8]
    strides: tuple[int, int]
    top: int
    left: int
    channels: Channels

    @property
    def macs(self) -> int:
        """Of inputs whose whole filter lies inside the output; those at the border take fewer."""
        return self.source.size * int(self.filters.size) // int(self.filters.shape[3])


def read(op: OpContext) -> TransposeConv:
    filters, source, bias, output = op.input(1), op.activation(2), op.optional_input(3), op.output()
    op.quantization(source, "input")
    check_weights(op, filters, axis=0)
    op.require(filters.type == "INT8", f"weights of type {filters.type}", "INT8")
    op.require(len(filters.shape) == 4 and filters.size > 0, f"filters of shape {list(filters.shape)}",
               "(outputs, height, width, inputs)")  # fmt: skip
    op.require(len(source.shape) == 4 and source.size > 0, f"an input of shape {list(source.shape)}",
               "(batches, height, width, channels)")  # fmt: skip
    op.require(source.shape[3] == filters.shape[3], f"an input of {source.shape[3]} channels", str(filters.shape[3]))
    strides = op.option("stride_h", 0), op.option("stride_w", 0)
    op.require(min(strides) > 0, f"a stride of {strides[0]}x{strides[1]}", "strides from 1 on")
    op.require(
        len(output.shape) == 4 and output.size > 0 and output.shape[0] == source.shape[0]
        and output.shape[3] == filters.shape[0], f"an output of shape {list(output.shape)}",
        f"({source.shape[0]}, height, width, {filters.shape[0]})",
    )  # fmt: skip
    places = [
        padded_places(is_same_padding(op), output.shape[1 + i], filters.shape[1 + i], strides[i], 1) for i in (0, 1)
    ]
    op.require(
        tuple(count for count, _ in places) == source.shape[1:3],
        f"an output of {output.shape[1]}x{output.shape[2]} from {source.shape[1]}x{source.shape[2]}",
        "the output size that stride and padding give",
    )
    require_16_bits(op, "a stride", *strides)
    require_16_bits(op, "a padding", places[0][1], places[1][1])
    rows = filters.values.reshape(filters.shape[0], -1)
    channels = read_channels(op, source, filters, bias, rows)
    return TransposeConv(source, output, filters.values, strides, places[0][1], places[1][1], channels)
