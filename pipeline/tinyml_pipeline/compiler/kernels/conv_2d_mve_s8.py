"""A convolution with Helium, sixteen products at once (firmware/kernels/conv_2d/conv_2d_mve_s8.h)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from tinyml_pipeline.compiler.dtypes import DType
from tinyml_pipeline.compiler.kernel import Cost, Kernel
from tinyml_pipeline.compiler.kernels._mve import (
    BYTES,
    chunks_of,
    is_signed,
    line_sizes,
    mve_axes,
    positions_used,
    products_cycles,
    products_struct,
    refuses_scales,
    runs_down,
)
from tinyml_pipeline.compiler.lowering import Buffer, Call, Lowering, Struct
from tinyml_pipeline.compiler.ops._window import Window
from tinyml_pipeline.compiler.ops.conv_2d import Conv2D
from tinyml_pipeline.compiler.target import Isa, Target


def _cost(op: Conv2D, target: Target) -> Cost:
    """Lines of outputs, and the pieces of rows that their strips are made of."""
    window = _view(op)
    outputs, inputs = op.filters.shape[0], op.filters[0].size
    lines, positions = line_sizes(window)
    products = products_cycles(positions, outputs, inputs)
    strip = 0
    if not _is_direct(op):
        pieces = 1 if runs_down(window) else window.filter_height
        piece_bytes = inputs // window.filter_height if runs_down(window) else window.depth
        copies = 5 * (piece_bytes // BYTES) + 8 * bool(piece_bytes % BYTES)
        strip = 100 + pieces * positions_used(mve_axes(window, outputs)[1]) * copies
    return Cost(cycles=window.batches * lines * (products + strip), code_bytes=1400)


def _refuses(op: Conv2D, target: Target) -> str | None:
    window = op.window
    if op.groups > 1:
        return f"{op.groups} groups of channels; at most 1"
    if (window.dilation_height, window.dilation_width) != (1, 1):
        return f"a dilation of {window.dilation_height}x{window.dilation_width}; only 1x1"
    return refuses_scales(op.channels)


def _lower(op: Conv2D, target: Target) -> Lowering:
    window = _view(op)
    channels = len(op.filters)
    lines, positions = mve_axes(window, channels)
    entry_bytes = int(window.depth * (window.filter_width if runs_down(window) else window.filter_height))
    used, rows = positions_used(positions), _rows(op.filters, window)
    struct = Struct(
        "conv_2d_mve_s8",
        {
            "lines": lines,
            "positions": positions,
            "batches": window.batches,
            "image_bytes": window.height * window.width * window.depth,
            "output_bytes": window.output_height * window.output_width * channels,
            "depth": window.depth,
            "entry_bytes": entry_bytes,
            "positions_used": used,
            "zero_point": op.channels.input_zero_point,
            "products": products_struct(rows, op.channels),
        },
    )
    # The last window is read in whole chunks.
    strip_bytes = used * entry_bytes + chunks_of(rows.shape[1]) * BYTES - rows.shape[1]
    strip = None if _is_direct(op) else Buffer("strip", DType.INT8, strip_bytes)
    function = "conv_2d_mve_s8" if is_signed(op.channels) else "conv_2d_mve_relu_s8"
    details = ", ".join([op.window.describe(), *op.channels.describe()])
    return Lowering((Call(function, (struct, op.source, op.output, strip)),), details)


def _is_direct(op: Conv2D) -> bool:
    """Whether windows are single pixels of whole chunks, which are read where they are."""
    window = op.window
    return window.taps == 1 and window.depth % BYTES == 0 and not window.leaves_image


def _view(op: Conv2D) -> Window:
    """The window, or of filters of 1x1 that see every pixel, the same on images of one column."""
    window = op.window
    if window.taps > 1 or window.leaves_image or (window.stride_height, window.stride_width) != (1, 1):
        return window
    pixels = window.pixels
    return replace(window, batches=1, height=pixels, width=1, output_height=pixels, output_width=1)


def _rows(filters: npt.NDArray[np.int8], window: Window) -> npt.NDArray[np.int8]:
    """Weights in the order of a strip's bytes: along the line, then across it, then channels."""
    ordered = filters if runs_down(window) else filters.transpose(0, 2, 1, 3)
    return ordered.reshape(len(filters), -1)


KERNEL = Kernel(
    Conv2D,
    "conv_2d_mve_s8",
    "conv_2d/conv_2d_mve_s8.h",
    _cost,
    _lower,
    Isa.MVE,
    _refuses,
)
