"""A depthwise convolution by filters of 3x3 with dual multiplies (firmware/kernels/common/planes.h)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tinyml_pipeline.compiler.dtypes import DType
from tinyml_pipeline.compiler.kernel import Cost, Kernel
from tinyml_pipeline.compiler.kernels._dense import lanes
from tinyml_pipeline.compiler.kernels._fitted import Fit, fit_starts
from tinyml_pipeline.compiler.kernels._lines import FILTER, Axis, axes, refuses_form
from tinyml_pipeline.compiler.kernels._single_add import SingleAdd, single_add
from tinyml_pipeline.compiler.lowering import Array, Buffer, Call, Lowering, Struct, in_place
from tinyml_pipeline.compiler.ops._window import Window
from tinyml_pipeline.compiler.ops.depthwise_conv_2d import DepthwiseConv2D
from tinyml_pipeline.compiler.target import Isa, Target

_CHANNELS, _POSITION_WORDS = 4, 8
_AXIS_FIELDS = ("size", "step", "before", "outputs", "output_step")
FITTED_SHIFT = 12
"""PLANE_FITTED_SHIFT of planes.h."""
_MOST_PLANE_BYTES = 8192
"""Of a strip, if a pair of lines is not larger: each strip spreads one more pair of lines than it computes."""


def _cost(op: DepthwiseConv2D, target: Target) -> Cost:
    """Each position is spread, and each output made from six multiplies."""
    lines, positions = _axes(op.window)
    blocks, pairs = -(-op.window.depth // _CHANNELS), _line_pairs(op.window)
    spread = blocks * (pairs + 1) * _positions_used(op.window) * 30
    outputs = (
        blocks * _CHANNELS * lines["outputs"] * (60 + (24 if _stride(op.window) == 1 else 30) * positions["outputs"])
    )
    return Cost(cycles=op.window.batches * (spread + outputs), code_bytes=1100)


def _refuses(op: DepthwiseConv2D, target: Target) -> str | None:
    window = op.window
    if (reason := refuses_form(op)) is not None:
        return reason
    if (window.stride_height, window.stride_width) not in ((1, 1), (2, 2)):
        return f"a stride of {window.stride_height}x{window.stride_width}; only 1x1 and 2x2"
    if window.depth < _CHANNELS:
        return f"{window.depth} channels; at least {_CHANNELS}"
    if max(window.top, window.left) >= FILTER:
        return f"padding of {max(window.top, window.left)}; at most {FILTER - 1}"
    sums = single_add(op.channels)
    return sums if isinstance(sums, str) else None


def _lower(op: DepthwiseConv2D, target: Target) -> Lowering:
    window = op.window
    sums = single_add(op.channels)
    assert not isinstance(sums, str), "the kernel did not refuse"
    lines, positions = _axes(window)
    line_bytes = 4 * _POSITION_WORDS * _positions_used(window)
    strip_pairs = min(_line_pairs(window), max(1, _MOST_PLANE_BYTES // line_bytes))
    fits = plane_fits(op, sums)
    words = plane_words(op, sums, fits, runs_down=_runs_down(window))
    comment = f"Filters in pairs of lines, times 256, with biases and scales. {sums.describe()}"
    struct = Struct(
        "depthwise_conv_2d_planes_s8",
        {
            "lines": Struct("plane_axis", lines),
            "positions": Struct("plane_axis", positions),
            "batches": window.batches,
            "image_bytes": window.height * window.width * window.depth,
            "output_bytes": window.output_height * window.output_width * window.depth,
            "depth": window.depth,
            "positions_used": _positions_used(window),
            "strip_pairs": strip_pairs,
            "rest": -positions["outputs"] % 3,
            "zero_point": op.channels.input_zero_point,
            "weights": Array("weights", DType.UINT32, words, comment),
            "channel_words": words.shape[1],
        },
    )
    name = "depthwise_conv_2d_planes" + ("_stride_2" if _stride(window) == 2 else "")
    plane = Buffer("plane", DType.UINT32, strip_pairs * line_bytes // 4)
    kind = "_fitted" if fits is not None else "" if sums.is_signed else "_relu"
    call = Call(f"{name}{kind}_s8", (struct, op.source, op.output, plane))
    # Four channels have been read, of all lines, when the first of their outputs is written.
    reads_all_first = strip_pairs == _line_pairs(window) and window.depth % _CHANNELS == 0
    overlaps = in_place(op.output, op.source) if reads_all_first and op.output.shape == op.source.shape else ()
    return Lowering((call,), ", ".join([window.describe(), *op.channels.describe()]), overlaps=overlaps)


def plane_fits(op: DepthwiseConv2D, sums: SingleAdd) -> dict[int, Fit] | None:
    """Scales of the channels that are not constant for requantization in two instructions; None if there are none."""
    return None if sums.is_signed else fit_starts(op.channels, np.flatnonzero(~sums.is_constant), 256, FITTED_SHIFT)


def _stride(window: Window) -> int:
    return window.stride_height


def _runs_down(window: Window) -> bool:
    """Whether lines are columns of the image: the longer they are, the less is spent at their ends."""
    return window.output_height > window.output_width


def _axes(window: Window) -> tuple[Axis, Axis]:
    """Of struct plane_axis, across lines and along them; both have the stride of the kernel."""
    return axes(window, window.depth, _AXIS_FIELDS, runs_down=_runs_down(window))


def _positions_used(window: Window) -> int:
    """By all outputs of a line."""
    return (_axes(window)[1]["outputs"] - 1) * _stride(window) + FILTER


def _line_pairs(window: Window) -> int:
    """Pairs of lines in which an output's first line lies: of two lines of outputs with stride 1, of one with 2."""
    outputs = _axes(window)[0]["outputs"]
    return outputs if _stride(window) == 2 else -(-outputs // 2)


def plane_words(
    op: DepthwiseConv2D, sums: SingleAdd, fits: dict[int, Fit] | None, *, runs_down: bool
) -> npt.NDArray[np.uint32]:
    """Of the shape (channels, words), in the order of planes.h."""
    filters = sums.live(op.filters.transpose(2, 0, 1)).astype(np.int64) * 256
    if runs_down:
        filters = filters.transpose(0, 2, 1)
    begins, scales = 256 * sums.bias, np.array(sums.scales, np.int64)
    for channel, one in (fits or {}).items():
        begins[channel] += one.offset
        scales[channel] = one.multiplier, 0, 0
    starts = begins.astype(np.uint64).astype(np.uint32)[:, None]
    first = [_filter(filters[:, :2], filters[:, 2]), starts]
    second = [_filter(filters[:, 1:], filters[:, 0]), starts] if _stride(op.window) == 1 else []
    scale_words = scales.astype(np.uint64).astype(np.uint32)
    words: npt.NDArray[np.uint32] = np.concatenate([*first, *second, scale_words], axis=1)
    return words


def _filter(pair: npt.NDArray[np.int64], single: npt.NDArray[np.int64]) -> npt.NDArray[np.uint32]:
    """The words of filters with the shapes (channels, 2 lines, 3) and (channels, 3)."""
    none = np.zeros(len(single), np.int64)
    rest = np.stack([lanes(single[:, 0], single[:, 1]), lanes(single[:, 2], none)], axis=1)
    return np.concatenate([lanes(pair[:, 0], pair[:, 1]), rest], axis=1)


KERNEL = Kernel(
    DepthwiseConv2D,
    "depthwise_conv_2d_planes_s8",
    "depthwise_conv_2d/depthwise_conv_2d_planes_s8.h",
    _cost,
    _lower,
    Isa.DSP,
    _refuses,
)
