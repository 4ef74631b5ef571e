"""A depthwise convolution by filters of 3x3 with Helium (firmware/kernels/depthwise_conv_2d/...mve_s8.h)."""

from __future__ import annotations

import numpy as np

from tinyml_pipeline.compiler.dtypes import DType
from tinyml_pipeline.compiler.kernel import Cost, Kernel
from tinyml_pipeline.compiler.kernels._lines import FILTER, refuses_form
from tinyml_pipeline.compiler.kernels._mve import (
    BYTES,
    is_signed,
    line_sizes,
    mve_axes,
    positions_used,
    refuses_scales,
    runs_down,
)
from tinyml_pipeline.compiler.lowering import Array, Buffer, Call, Lowering, Struct, int_array
from tinyml_pipeline.compiler.ops.depthwise_conv_2d import DepthwiseConv2D
from tinyml_pipeline.compiler.target import Isa, Target

_CHANNELS, _OUTPUTS = 8, 4
_MOST_PITCH = (2**16 - 1) // (_CHANNELS - 1)
"""Strips of eight channels are written at offsets of 16 bits."""


def _cost(op: DepthwiseConv2D, target: Target) -> Cost:
    """Each position is spread once, and four outputs take about 20 instructions."""
    window = op.window
    lines, positions = line_sizes(window)
    blocks, used = -(-window.depth // _CHANNELS), window.width if runs_down(window) else window.height
    spread = blocks * (used + 2) * (20 + 6 * (window.height if runs_down(window) else window.width))
    outputs = window.depth * lines * (30 + 20 * -(-positions // _OUTPUTS))
    return Cost(cycles=window.batches * (spread + outputs), code_bytes=1000)


def _refuses(op: DepthwiseConv2D, target: Target) -> str | None:
    window = op.window
    if (reason := refuses_form(op)) is not None:
        return reason
    if (window.stride_height, window.stride_width) not in ((1, 1), (2, 2)):
        return f"a stride of {window.stride_height}x{window.stride_width}; only 1x1 and 2x2"
    if _pitch(op) > _MOST_PITCH:
        return f"lines of {line_sizes(window)[1]} outputs; {_MOST_PITCH} bytes hold fewer"
    return refuses_scales(op.channels)


def _lower(op: DepthwiseConv2D, target: Target) -> Lowering:
    window, channels = op.window, op.channels
    lines, positions = mve_axes(window, window.depth)
    pitch, pairs = _pitch(op), np.array([channels.pair(channel) for channel in range(window.depth)])
    # (channels, positions, taps across the line)
    filters = op.filters.transpose((2, 0, 1) if runs_down(window) else (2, 1, 0)).reshape(window.depth, -1)
    struct = Struct(
        "depthwise_conv_2d_mve_s8",
        {
            "lines": lines,
            "positions": positions,
            "batches": window.batches,
            "image_bytes": window.height * window.width * window.depth,
            "output_bytes": window.output_height * window.output_width * window.depth,
            "depth": window.depth,
            "positions_used": positions_used(positions),
            "pitch": pitch,
            "filters": Array("filters", DType.INT8, np.pad(filters, ((0, 0), (0, 1)))),
            "scales": int_array("scales", DType.INT32, np.column_stack([channels.bias, pairs])),
            "zero_point": channels.input_zero_point,
            "output_zero_point": channels.output_zero_point,
            "output_min": channels.output_min,
            "output_max": channels.output_max,
        },
    )
    stride = "_stride_2" if window.stride_height == 2 else ""
    function = f"depthwise_conv_2d_mve{stride}{'' if is_signed(channels) else '_relu'}_s8"
    strip = Buffer("strip", DType.INT8, _CHANNELS * pitch)
    call = Call(function, (struct, op.source, op.output, strip))
    return Lowering((call,), ", ".join([window.describe(), *channels.describe()]))


def _pitch(op: DepthwiseConv2D) -> int:
    """Bytes of a channel's strip: where the last of four outputs' two vectors ends."""
    _, positions = line_sizes(op.window)
    fours = -(-positions // _OUTPUTS)
    return FILTER * op.window.stride_height * (_OUTPUTS * fours - 2) + BYTES


KERNEL = Kernel(
    DepthwiseConv2D,
    "depthwise_conv_2d_mve_s8",
    "depthwise_conv_2d/depthwise_conv_2d_mve_s8.h",
    _cost,
    _lower,
    Isa.MVE,
    _refuses,
)
