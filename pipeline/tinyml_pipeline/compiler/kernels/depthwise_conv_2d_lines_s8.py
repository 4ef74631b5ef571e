"""A depthwise convolution by filters of 3x3 along lines, in plain C (depthwise_conv_2d_lines_s8.h)."""

from __future__ import annotations

import numpy as np

from tinyml_pipeline.compiler.dtypes import DType
from tinyml_pipeline.compiler.kernel import Cost, Kernel
from tinyml_pipeline.compiler.kernels._dense import wrapped
from tinyml_pipeline.compiler.kernels._lines import FILTER, Axis, axes, refuses_form
from tinyml_pipeline.compiler.kernels._single_add import SingleAdd, single_add
from tinyml_pipeline.compiler.lowering import Array, Buffer, Call, Lowering, Struct
from tinyml_pipeline.compiler.ops._channels import IntArray
from tinyml_pipeline.compiler.ops._window import Window
from tinyml_pipeline.compiler.ops.depthwise_conv_2d import DepthwiseConv2D
from tinyml_pipeline.compiler.target import Isa, Target

_AXIS_FIELDS = ("size", "step", "before", "stride", "outputs", "output_step")


def _cost(op: DepthwiseConv2D, target: Target) -> Cost:
    lines, positions = _axes(op.window)
    each = 34 if target.isa & Isa.RV_M else 85
    line = 60 + (each if positions["stride"] == 1 else each + 3) * positions["outputs"]
    copied = _positions_used(op.window) * (lines["outputs"] + FILTER)
    return Cost(cycles=op.window.batches * op.window.depth * (lines["outputs"] * line + copied), code_bytes=1000)


def _refuses(op: DepthwiseConv2D, target: Target) -> str | None:
    window = op.window
    if not target.isa & (Isa.RV_M | Isa.ARMV6M):
        return f"{target.name} may multiply and add in one instruction"
    if (reason := refuses_form(op)) is not None:
        return reason
    stride = _axes(window)[1]["stride"]
    if stride > 2:
        return f"a stride of {stride} along the lines; at most 2"
    sums = single_add(op.channels)
    return sums if isinstance(sums, str) else None


def _lower(op: DepthwiseConv2D, target: Target) -> Lowering:
    window, sums = op.window, single_add(op.channels)
    assert not isinstance(sums, str), "the kernel did not refuse"
    lines, positions = _axes(window)
    comment = f"Filters and bias times 256, then the scale of each channel. {sums.describe()}"
    struct = Struct(
        "depthwise_conv_2d_lines_s8",
        {
            "lines": Struct("line_axis", lines),
            "positions": Struct("line_axis", positions),
            "batches": window.batches,
            "image_bytes": window.height * window.width * window.depth,
            "output_bytes": window.output_height * window.output_width * window.depth,
            "depth": window.depth,
            "positions_used": _positions_used(window),
            "zero_point": op.channels.input_zero_point,
            "words": Array("words", DType.INT32, _words(op, sums), comment),
        },
    )
    copies = Buffer("copies", DType.INT8, FILTER * _positions_used(window) * window.depth)
    stride = "_stride_2" if positions["stride"] == 2 else ""
    name = f"depthwise_conv_2d_lines{stride}{'' if sums.is_signed else '_relu'}_s8"
    details = ", ".join([window.describe(), *op.channels.describe()])
    return Lowering((Call(name, (struct, op.source, op.output, copies)),), details)


def _runs_down(window: Window) -> bool:
    """Whether lines are columns of the image: the longer they are, the less is spent at their ends."""
    return window.output_height > window.output_width


def _axes(window: Window) -> tuple[Axis, Axis]:
    """Of struct line_axis, across lines and along them."""
    return axes(window, window.depth, _AXIS_FIELDS, runs_down=_runs_down(window))


def _positions_used(window: Window) -> int:
    """By all outputs of a line."""
    positions = _axes(window)[1]
    return (positions["outputs"] - 1) * positions["stride"] + FILTER


def _words(op: DepthwiseConv2D, sums: SingleAdd) -> IntArray:
    """In the order of struct depthwise_conv_2d_lines_s8."""
    filters = sums.live(op.filters.transpose(2, 0, 1)).astype(np.int64)
    if _runs_down(op.window):
        filters = filters.transpose(0, 2, 1)
    numbers = np.concatenate([filters.reshape(len(filters), -1), sums.bias[:, None]], axis=1) * 256
    return wrapped(np.concatenate([numbers, np.array(sums.scales, np.int64)], axis=1)).ravel()


KERNEL = Kernel(
    DepthwiseConv2D,
    "depthwise_conv_2d_lines_s8",
    "depthwise_conv_2d/depthwise_conv_2d_lines_s8.h",
    _cost,
    _lower,
    refuses=_refuses,
)
