"""Pools: one number for each channel under a window that slides over an image."""

from __future__ import annotations

from dataclasses import dataclass

from tinyml_pipeline.compiler.graph import Tensor
from tinyml_pipeline.compiler.op import Op
from tinyml_pipeline.compiler.ops._context import OpContext
from tinyml_pipeline.compiler.ops._window import Window, read_window

# TFLM takes input and output scales that differ by no more as equal.
_SCALE_TOLERANCE = 1e-6


@dataclass(frozen=True, eq=False)
class Pool(Op):
    source: Tensor
    output: Tensor
    window: Window
    output_min: int
    output_max: int
    activation: str


def read_pool(op: OpContext) -> tuple[Tensor, Tensor, Window, int, int, str]:
    """The fields of a Pool. Sums of a window fit 32 bits if the whole image has fewer than 2^24 pixels."""
    source, output = op.activation(0), op.output()
    given, wanted = op.quantization(source, "input"), op.quantization(output, "output")
    op.require(
        abs(given.scale - wanted.scale) <= _SCALE_TOLERANCE and given.zero_point == wanted.zero_point,
        f"an output of scale {wanted.scale:g} and zero point {wanted.zero_point}",
        f"the input's scale {given.scale:g} and zero point {given.zero_point}",
    )
    window = read_window(op, source, output, (op.option("filter_height", 0), op.option("filter_width", 0)))
    op.require(output.shape[3] == window.depth, f"an output of {output.shape[3]} channels", str(window.depth))
    op.require(window.height * window.width < 2**24, f"an image of {window.height}x{window.width}",
               "fewer than 2^24 pixels")  # fmt: skip
    low, high = op.activation_range(wanted)
    return source, output, window, low, high, op.activation_name
