"""A convolution with dual multiplies, two channels in each lane (firmware/kernels/common/dual_pixels.h)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tinyml_pipeline.compiler.dtypes import DType
from tinyml_pipeline.compiler.kernel import Cost, Kernel
from tinyml_pipeline.compiler.kernels._chain import GROUP
from tinyml_pipeline.compiler.kernels._dense import lanes
from tinyml_pipeline.compiler.kernels._fitted import Fit, fit_starts
from tinyml_pipeline.compiler.kernels._requantize import needs_sign
from tinyml_pipeline.compiler.kernels._single_add import SingleAdd, single_add
from tinyml_pipeline.compiler.kernels.conv_2d_chain_s8 import lower_pixels, turns_of, window_rows
from tinyml_pipeline.compiler.lowering import Array, FieldValue, Lowering
from tinyml_pipeline.compiler.ops._channels import IntArray
from tinyml_pipeline.compiler.ops.conv_2d import Conv2D
from tinyml_pipeline.compiler.target import Isa, Target

_GROUP_WORDS = 6
_FITTED_SHIFT = 12
"""DUAL_FITTED_SHIFT of dual_pixels.h."""
Pairs = tuple[tuple[int, int], ...]


def _cost(op: Conv2D, target: Target) -> Cost:
    """Each three pixels: their windows as words, then all pairs of channels."""
    turns, groups, pairs = turns_of(op)
    outputs = 100 if needs_sign(op.channels.output_zero_point, op.channels.output_min) else 70
    return Cost(cycles=turns * (100 + 22 * groups + pairs * (26 * groups + outputs)), code_bytes=1400)


def _refuses(op: Conv2D, target: Target) -> str | None:
    if op.groups > 1:
        return f"{op.groups} groups of channels; at most 1"
    sums = single_add(op.channels)
    if isinstance(sums, str):
        return sums
    return None if _pairs(sums.live(window_rows(op)), sums) else "two weights do not fit a lane of 16 bits"


def _pairs(rows: npt.NDArray[np.int8], sums: SingleAdd) -> Pairs:
    """Channels that are not constant, two and two, so that 256 * first + second fits a lane; of an odd number one is in
    two pairs. Nothing if there are no such pairs.

    Weights of TFLite's converter lie in -127 to 127, and any two fit; -128 fits only with a second one of 0 or more.
    """
    channels = np.flatnonzero(~sums.is_constant) if not sums.is_constant.all() else np.zeros(1, np.int64)
    lowest = rows.min(axis=(1, 2))
    order = sorted(channels.tolist(), key=lambda channel: (lowest[channel] == -128, channel))
    order = order[: len(order) % 2] + order
    half = len(order) // 2
    pairs = tuple(zip(order[:half], order[half:], strict=True))
    values = [256 * rows[first].astype(np.int64) + rows[second] for first, second in pairs]
    return pairs if min(one.min() for one in values) >= -(2**15) else ()


def _lower(op: Conv2D, target: Target) -> Lowering:
    sums = single_add(op.channels)
    assert not isinstance(sums, str), "the kernel did not refuse"
    rows = _filled(sums.live(window_rows(op)))
    pairs = _pairs(rows, sums)
    live = np.flatnonzero(~sums.is_constant)
    fits = None if sums.is_signed or not len(live) else fit_starts(op.channels, live, 256, _FITTED_SHIFT)
    words, groups = _words(rows, pairs, sums, fits), rows[0].size // GROUP
    comment = f"Pairs of channels, 256 * first + second in a lane of 16 bits, then their scales. {sums.describe()}"
    fields: dict[str, FieldValue] = {
        "chunks": 1,
        "chunk_groups": groups,
        "weights": Array("weights", DType.UINT32, words, comment),
        "weight_words": words.size,
        "shift": 0 if fits is None else _FITTED_SHIFT,
    }
    function = f"conv_2d_dual{'' if fits is None else '_fitted'}_s8"
    return lower_pixels(op, function, sums, fields, _GROUP_WORDS * groups)


def _filled(rows: npt.NDArray[np.int8]) -> npt.NDArray[np.int8]:
    """With zeros behind each piece of a window, to whole groups."""
    channels, pieces, inputs = rows.shape
    filled = np.zeros((channels, pieces, -(-inputs // GROUP) * GROUP), np.int8)
    filled[:, :, :inputs] = rows
    return filled


def _words(
    rows: npt.NDArray[np.int8], pairs: Pairs, sums: SingleAdd, fits: dict[int, Fit] | None
) -> npt.NDArray[np.uint32]:
    """In the order of dual_pixels.h."""
    parts: list[IntArray] = []
    for first, second in pairs:
        both = 256 * rows[first].astype(np.int64) + rows[second]
        groups = both.reshape(-1, GROUP)
        start = 256 * int(sums.bias[first]) + int(sums.bias[second])
        if fits is None:
            scales = [*sums.scales[first], *sums.scales[second]]
        else:
            start += fits[first].offset
            scales = [fits[first].multiplier, fits[second].multiplier, fits[second].offset]
        weights = lanes(groups[:, :2], groups[:, 2:]).astype(np.int64).ravel()
        parts += [np.array([start, sums.bias[second]]), weights, np.array([*scales, first, second])]
    words: npt.NDArray[np.uint32] = np.concatenate(parts).astype(np.uint64).astype(np.uint32)
    return words


KERNEL = Kernel(Conv2D, "conv_2d_dual_s8", "conv_2d/conv_2d_dual_s8.h", _cost, _lower, Isa.DSP, _refuses)
