"""A convolution with long multiplies that writes the planes of the depthwise one behind it
(firmware/kernels/conv_2d/conv_2d_depthwise_s8.h)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tinyml_pipeline.compiler.dtypes import DType
from tinyml_pipeline.compiler.kernel import Cost, Kernel
from tinyml_pipeline.compiler.kernels import conv_2d_chain_s8, depthwise_conv_2d_planes_s8
from tinyml_pipeline.compiler.kernels._fitted import Fit
from tinyml_pipeline.compiler.kernels._single_add import SingleAdd, single_add
from tinyml_pipeline.compiler.lowering import Array, Buffer, Call, Function, Lowering, Struct
from tinyml_pipeline.compiler.memory.plan import Overlap
from tinyml_pipeline.compiler.ops._channels import IntArray
from tinyml_pipeline.compiler.ops._conv_depthwise import ConvDepthwise
from tinyml_pipeline.compiler.ops._window import Window
from tinyml_pipeline.compiler.ops.conv_2d import Conv2D
from tinyml_pipeline.compiler.ops.depthwise_conv_2d import DepthwiseConv2D
from tinyml_pipeline.compiler.target import Isa, Target

_PIXELS, _FILTER, _FILL_BYTES = 3, 3, 32
_LINES, _POSITION_BYTES = 8, 16
"""Of a plane, and of one of its positions: STRIP_PAIRS words."""
_MOST_PLANE_BYTES = 16384
"""Of all planes, if their lines run down: the more rows a strip has, the less is spent at the ends of lines."""


class Strips(NamedTuple):
    """How an image is cut: `first` rows of outputs, then `others` at a time, from planes of `positions`."""

    runs_down: bool
    first: int
    others: int
    columns: int
    positions: int


def _refuses(op: ConvDepthwise, target: Target) -> str | None:
    return conv_2d_chain_s8.KERNEL.refuses(op.first, target) or depthwise_conv_2d_planes_s8.KERNEL.refuses(
        op.second, target
    )


def _cost(op: ConvDepthwise, target: Target) -> Cost:
    """The convolution's, and of the depthwise one what comes after its planes are spread."""
    window, strips = op.second.window, strips_of(op.second.window)
    conv = conv_2d_chain_s8.KERNEL.cost(op.first, target)
    lines, length = window.output_height, window.output_width
    if strips.runs_down:
        lines, length = length, strips.others
    count = -(-window.output_height // strips.others)
    repeated = count if strips.runs_down else 1
    kept = count * window.depth * strips.positions * 4
    outputs = window.depth * lines * repeated * (16 + (23 if window.stride_height == 1 else 29) * length)
    return Cost(cycles=conv.cycles + window.batches * (kept + outputs + 60 * count * window.depth), code_bytes=3200)


def strips_of(window: Window) -> Strips:
    """Of a depthwise window. A line needs all positions of its outputs, so that lines along the rows of an image need
    as many planes at a time as are eight lines high; lines down its columns may be cut."""
    stride = window.stride_height
    columns = max((window.output_width - 1) * stride + _FILTER, window.left + window.width)
    if columns > _LINES or window.output_height <= window.output_width:
        height = (_LINES - 2) // stride
        return Strips(False, height, height, columns, columns)
    most = max(1, (_MOST_PLANE_BYTES // (_POSITION_BYTES * window.depth) - _FILTER) // stride + 1)
    others = -(-window.output_height // -(-window.output_height // most))
    first = min(range(max(others - 2, 1), others + 1), key=lambda rows: (_wasted_pixels(window, rows, others), -rows))
    return Strips(True, first, others, columns, (others - 1) * stride + _FILTER)


def _wasted_pixels(window: Window, first: int, others: int) -> int:
    """Pixels that the convolution computes twice because three do not divide those of a strip; and more strips."""
    wasted, made, row, rows = 0, 0, 0, first
    while row < window.output_height:
        rows = min(rows, window.output_height - row)
        end = min((row + rows - 1) * window.stride_height + _FILTER - window.top, window.height)
        wasted += -(end - made) * window.width % _PIXELS + window.width
        made, row, rows = end, row + rows, others
    return wasted


def _lower(op: ConvDepthwise, target: Target) -> Lowering:
    window, depth = op.second.window, op.second.window.depth
    sums = single_add(op.second.channels)
    assert not isinstance(sums, str), "the kernel did not refuse"
    strips = strips_of(window)
    plane_bytes = strips.positions * _POSITION_BYTES
    conv = _weights(op.first, np.arange(depth) * plane_bytes)
    conv_struct, copied = conv_2d_chain_s8.pixels_struct(op.first, None, conv.fields, small_bytes=0)
    fits = depthwise_conv_2d_planes_s8.plane_fits(op.second, sums)
    words = _filter_words(op.second, sums, fits, runs_down=strips.runs_down)
    comment = f"Filters in pairs of lines, times 256, with biases and scales. {sums.describe()}"
    planes = Struct(
        "strip_planes",
        {
            "channels": depth,
            "plane_bytes": plane_bytes,
            "row_step": _POSITION_BYTES if strips.runs_down else 2,
            "column_step": 2 if strips.runs_down else _POSITION_BYTES,
            "columns": strips.columns,
            "top": window.top,
            "left": window.left,
            "stride": window.stride_height,
            "first_height": strips.first,
            "height": strips.others,
            "output_height": window.output_height,
            "output_width": window.output_width,
            "runs_down": strips.runs_down,
            "zero_point": op.second.channels.input_zero_point,
            "filters": Array("filters", DType.UINT32, words, comment),
            "filter_words": words.size,
        },
    )
    struct = Struct("conv_2d_depthwise_s8", {"conv": conv_struct, "planes": planes})
    memory = Buffer("planes", DType.UINT32, -(-plane_bytes * depth // _FILL_BYTES) * _FILL_BYTES // 4)
    kind = "fitted" if fits is not None else "signed" if sums.is_signed else "unsigned"
    functions = (
        Function(f"chain_run_{conv.kind}_halves"),
        Function(f"strip_run_{window.stride_height}_{kind}"),
    )
    pixels = Buffer("words", DType.UINT32, conv.input_words)
    arguments = (struct, op.source, op.output, memory, memory.count, pixels, copied, *functions)
    details = [op.first.window.describe(), *op.first.channels.describe()]
    behind = [window.describe(), *op.second.channels.describe()]
    lead = _lead_bytes(op, strips)
    return Lowering(
        (Call("conv_2d_depthwise_s8", arguments),),
        f"{', '.join(details)}, then {', '.join(behind)} in strips",
        overlaps=() if lead is None else (Overlap(op.output.index, op.source.index, lead),),
    )


def _weights(op: Conv2D, places: IntArray) -> conv_2d_chain_s8.ChainWeights:
    sums = single_add(op.channels)
    assert not isinstance(sums, str), "the kernel did not refuse"
    return conv_2d_chain_s8.chain_weights(op, sums, places)


def _filter_words(
    op: DepthwiseConv2D, sums: SingleAdd, fits: dict[int, Fit] | None, *, runs_down: bool
) -> npt.NDArray[np.uint32]:
    """With scales for constant channels too: their sum, which has no products, becomes their output."""
    if fits is not None:
        # (2^14 * output + 2^13) * 2^30 / 2^32 is in the middle of what PLANE_FITTED_SHIFT makes that output.
        middle = depthwise_conv_2d_planes_s8.FITTED_SHIFT + 2
        constants = np.flatnonzero(sums.is_constant).tolist()
        fits = fits | {one: Fit(1 << 30, (int(sums.constants[one]) << middle) + (1 << middle - 1)) for one in constants}
    return depthwise_conv_2d_planes_s8.plane_words(op, sums, fits, runs_down=runs_down)


def _lead_bytes(op: ConvDepthwise, strips: Strips) -> int | None:
    """How long before its input the output has to start, so that no row of the input is overwritten before it is read;
    None with several images."""
    conv, window = op.first.window, op.second.window
    if window.batches > 1:
        return None
    lead, row, rows = 0, 0, strips.first
    while row + rows < window.output_height:
        row, end = row + rows, row * window.stride_height + (
            (rows - 1) * window.stride_height + _FILTER if strips.runs_down else _LINES
        )  # fmt: skip
        made = min(end - window.top, window.height)
        needed = max(made * conv.stride_height - conv.top, 0) * conv.width * conv.depth
        if made < window.height:
            lead = max(lead, row * window.output_width * window.depth - needed)
        rows = strips.others
    return lead


KERNEL = Kernel(
    ConvDepthwise,
    "conv_2d_depthwise_s8",
    "conv_2d/conv_2d_depthwise_s8.h",
    _cost,
    _lower,
    Isa.DSP | Isa.LONG_MULTIPLY,
    _refuses,
)
