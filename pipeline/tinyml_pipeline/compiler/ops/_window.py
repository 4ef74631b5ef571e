"""A window that slides over an image: sizes and padding as TFLM computes them, checked against the output's shape."""

from __future__ import annotations

from dataclasses import dataclass

from tinyml_pipeline.compiler.graph import Tensor
from tinyml_pipeline.compiler.ops._context import OpContext

EXTRA_PADDING = "extra_padding"
"""Option that pass fold_pad gives a convolution: rows and columns of zero point before the operator's own padding, as
(top, bottom, left, right)."""


@dataclass(frozen=True)
class Window:
    """Of `batches` images, (height, width, depth) each. `top` and `left` are the padding before the image."""

    batches: int
    height: int
    width: int
    depth: int
    filter_height: int
    filter_width: int
    stride_height: int
    stride_width: int
    dilation_height: int
    dilation_width: int
    top: int
    left: int
    output_height: int
    output_width: int

    @property
    def taps(self) -> int:
        return self.filter_height * self.filter_width

    @property
    def pixels(self) -> int:
        """Outputs per channel, of all batches."""
        return self.batches * self.output_height * self.output_width

    @property
    def leaves_image(self) -> bool:
        """Whether a tap of some output lies outside the image."""
        return any(
            before or (count - 1) * stride + (taps - 1) * dilation - before >= size
            for before, count, stride, taps, dilation, size in (
                (self.top, self.output_height, self.stride_height, self.filter_height, self.dilation_height,
                 self.height),
                (self.left, self.output_width, self.stride_width, self.filter_width, self.dilation_width, self.width),
            )
        )  # fmt: skip

    def describe(self) -> str:
        """Such as '3x3, stride 2x2, dilation 2x1, padded'."""
        words = [f"{self.filter_height}x{self.filter_width}"]
        if (self.stride_height, self.stride_width) != (1, 1):
            words.append(f"stride {self.stride_height}x{self.stride_width}")
        if (self.dilation_height, self.dilation_width) != (1, 1):
            words.append(f"dilation {self.dilation_height}x{self.dilation_width}")
        return ", ".join([*words, "padded"] if self.leaves_image else words)


def read_window(op: OpContext, source: Tensor, output: Tensor, filter_size: tuple[int, int]) -> Window:
    """Refuses shapes that contradict each other or the options."""
    op.require(len(source.shape) == 4 and source.size > 0, f"an input of shape {list(source.shape)}",
               "(batches, height, width, channels)")  # fmt: skip
    op.require(min(filter_size) > 0, f"a filter of {filter_size[0]}x{filter_size[1]}", "sizes from 1 on")
    batches, height, width, depth = source.shape
    strides = op.option("stride_h", 0), op.option("stride_w", 0)
    dilations = op.option("dilation_hfactor", 1), op.option("dilation_wfactor", 1)
    op.require(min(strides) > 0, f"a stride of {strides[0]}x{strides[1]}", "strides from 1 on")
    op.require(min(dilations) > 0, f"a dilation of {dilations[0]}x{dilations[1]}", "dilations from 1 on")
    require_16_bits(op, "a stride", *strides)
    require_16_bits(op, "a dilation", *dilations)
    extra = op.option(EXTRA_PADDING, (0, 0, 0, 0))
    out_height, top = _slide(op, height + extra[0] + extra[1], filter_size[0], strides[0], dilations[0])
    out_width, left = _slide(op, width + extra[2] + extra[3], filter_size[1], strides[1], dilations[1])
    require_16_bits(op, "a padding", top, left)
    op.require(out_height > 0 and out_width > 0, f"a filter of {filter_size[0]}x{filter_size[1]} on {height}x{width}",
               "filters that fit into the image")  # fmt: skip
    op.require(len(output.shape) == 4 and output.shape[:3] == (batches, out_height, out_width),
               f"an output of shape {list(output.shape)}",
               f"({batches}, {out_height}, {out_width}, channels)")  # fmt: skip
    return Window(
        batches, height, width, depth, *filter_size, *strides, *dilations, top + extra[0], left + extra[2],
        out_height, out_width,
    )  # fmt: skip


def require_16_bits(op: OpContext, what: str, *numbers: int) -> None:
    """For what TFLM's kernel holds in an int16, and so takes for another number if it is larger."""
    shown = "x".join(map(str, numbers))
    op.require(max(numbers) < 2**15, f"{what} of {shown}", "up to 32767, as TFLM's kernel has it in 16 bits")


def padded_places(is_same: bool, size: int, filter_size: int, stride: int, dilation: int) -> tuple[int, int]:
    """(outputs along an axis, padding before it), as in tensorflow/lite/kernels/padding.h."""
    reach = (filter_size - 1) * dilation + 1
    count = -(-size // stride) if is_same else (size + stride - reach) // stride
    return count, max((count - 1) * stride + reach - size, 0) // 2


def is_same_padding(op: OpContext) -> bool:
    """SAME is 0 in the schema, VALID 1."""
    padding = op.option("padding", 0)
    op.require(padding in (0, 1), f"padding {padding}", "SAME and VALID")
    return bool(padding == 0)


def _slide(op: OpContext, size: int, filter_size: int, stride: int, dilation: int) -> tuple[int, int]:
    return padded_places(is_same_padding(op), size, filter_size, stride, dilation)
