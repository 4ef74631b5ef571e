"""What the kernels of depthwise convolutions share that go along lines of outputs: which ones they take, and how an
image lies across the lines and along them."""

from __future__ import annotations

from collections.abc import Collection

from tinyml_pipeline.compiler.ops._window import Window
from tinyml_pipeline.compiler.ops.depthwise_conv_2d import DepthwiseConv2D

FILTER = 3
"""Rows and columns of a depthwise filter."""

Axis = dict[str, int]
"""Fields of the C structs line_axis, plane_axis and mve_axis, in their order."""


def refuses_form(op: DepthwiseConv2D) -> str | None:
    """Why an operation is not one filter of 3x3 for each channel, without gaps; None if it is."""
    window = op.window
    if op.multiplier > 1:
        return f"{op.multiplier} outputs per channel; at most 1"
    if (window.filter_height, window.filter_width) != (FILTER, FILTER):
        return f"filters of {window.filter_height}x{window.filter_width}; only 3x3"
    if (window.dilation_height, window.dilation_width) != (1, 1):
        return f"a dilation of {window.dilation_height}x{window.dilation_width}; only 1x1"
    return None


def axes(window: Window, channels: int, fields: Collection[str], *, runs_down: bool) -> tuple[Axis, Axis]:
    """`fields` of the axis across the lines, and of that along them; lines that run down are columns of the image.

    Steps are bytes: of the input from one row or column to the next, of an output with so many `channels`.
    """
    rows = {
        "size": window.height,
        "step": window.width * window.depth,
        "before": window.top,
        "taps": window.filter_height,
        "stride": window.stride_height,
        "outputs": window.output_height,
        "output_step": window.output_width * channels,
    }
    columns = {
        "size": window.width,
        "step": window.depth,
        "before": window.left,
        "taps": window.filter_width,
        "stride": window.stride_width,
        "outputs": window.output_width,
        "output_step": channels,
    }
    down, along = ({name: axis[name] for name in axis if name in fields} for axis in (rows, columns))
    return (along, down) if runs_down else (down, along)
