"""A convolution whose output only a depthwise convolution reads, both as one operator (compiler/join.py)."""

from __future__ import annotations

from dataclasses import dataclass

from tinyml_pipeline.compiler.graph import Tensor
from tinyml_pipeline.compiler.op import Op
from tinyml_pipeline.compiler.ops.conv_2d import Conv2D
from tinyml_pipeline.compiler.ops.depthwise_conv_2d import DepthwiseConv2D


@dataclass(frozen=True, eq=False)
class ConvDepthwise(Op):
    """`second` reads what `first` writes; nothing else does."""

    first: Conv2D
    second: DepthwiseConv2D

    @property
    def source(self) -> Tensor:
        return self.first.source

    @property
    def output(self) -> Tensor:
        return self.second.output

    @property
    def macs(self) -> int:
        return self.first.macs + self.second.macs
