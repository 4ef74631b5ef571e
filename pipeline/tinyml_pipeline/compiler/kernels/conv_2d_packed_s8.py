"""A convolution with two products in one multiply of 32 bits (firmware/kernels/conv_2d/conv_2d_packed_s8.h)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tinyml_pipeline.compiler.dtypes import DType
from tinyml_pipeline.compiler.kernel import Cost, Kernel
from tinyml_pipeline.compiler.kernels._convolution import window_struct
from tinyml_pipeline.compiler.kernels._dense import wrapped
from tinyml_pipeline.compiler.kernels._single_add import SingleAdd, single_add
from tinyml_pipeline.compiler.lowering import Array, Buffer, Call, Lowering, Struct
from tinyml_pipeline.compiler.ops._channels import IntArray
from tinyml_pipeline.compiler.ops._context import INT8_MAX, INT8_MIN
from tinyml_pipeline.compiler.ops.conv_2d import Conv2D
from tinyml_pipeline.compiler.target import Isa, Target

_BLOCK = _INPUTS = 4
_START = 2**15
"""What the low half of two products begins with."""


def _cost(op: Conv2D, target: Target) -> Cost:
    outputs, inputs = op.filters.shape[0], op.filters[0].size
    pixels = op.output.size // outputs
    blocks = -(-outputs // _BLOCK)
    return Cost(cycles=pixels * (blocks * 10 * inputs + 40 * outputs + 4 * inputs), code_bytes=1400)


def _refuses(op: Conv2D, target: Target) -> str | None:
    if not target.isa & (Isa.RV_M | Isa.ARMV6M):
        return f"{target.name} may multiply and add in one instruction"
    if op.groups > 1:
        return f"{op.groups} groups of channels; at most 1"
    sums = single_add(op.channels)
    if isinstance(sums, str):
        return sums
    if not halves_hold(_rows(op, sums)):
        return "the products of two weights do not fit 16 bits"
    return None


def _rows(op: Conv2D, sums: SingleAdd) -> IntArray:
    """Weights (channels, inputs), with zeros up to whole blocks of channels and turns of inputs."""
    weights = sums.live(op.filters).reshape(len(op.filters), -1)
    channels, inputs = weights.shape
    rows = np.zeros((-(-channels // _BLOCK) * _BLOCK, -(-inputs // _INPUTS) * _INPUTS), np.int64)
    rows[:channels, :inputs] = weights
    return rows


def halves_hold(rows: IntArray) -> bool:
    """Whether 16 bits hold the products of each two weights (channels, inputs) with any two inputs, in either half."""
    pairs = rows.reshape(len(rows), -1, 2)
    positive, negative = np.maximum(pairs, 0).sum(axis=2), np.minimum(pairs, 0).sum(axis=2)
    lowest, highest = positive * INT8_MIN + negative * INT8_MAX, positive * INT8_MAX + negative * INT8_MIN
    return bool(lowest.min() >= -_START and highest.max() < _START)


def _lower(op: Conv2D, target: Target) -> Lowering:
    window, sums = op.window, single_add(op.channels)
    assert not isinstance(sums, str), "the kernel did not refuse"
    rows = _rows(op, sums)
    comment = f"Blocks of four channels: two weights a word, then biases and scales. {sums.describe()}"
    struct = Struct(
        "conv_2d_packed_s8",
        {
            "window": window_struct(window, op.channels.input_zero_point),
            "batches": window.batches,
            "output_height": window.output_height,
            "output_width": window.output_width,
            "channels": op.filters.shape[0],
            "words": Array("words", DType.INT32, _words(rows, sums), comment),
        },
    )
    patches = Buffer("patches", DType.INT8, 2 * rows.shape[1])
    function = f"conv_2d_packed{'' if sums.is_signed else '_relu'}_s8"
    details = ", ".join([window.describe(), *op.channels.describe()])
    return Lowering((Call(function, (struct, op.source, op.output, patches)),), details)


def _words(rows: IntArray, sums: SingleAdd) -> npt.NDArray[np.int64]:
    """In the order of struct conv_2d_packed_s8."""
    channels, inputs = rows.shape
    scales = np.zeros((channels, 4), np.int64)
    scales[: len(sums.bias), 0], scales[: len(sums.bias), 1:] = sums.bias, sums.scales
    scales[::2, 0] -= inputs // 2 * _START
    pairs = rows[::2] + (rows[1::2] << 16)
    # (blocks, inputs, pairs of channels)
    weights = pairs.reshape(channels // _BLOCK, 2, inputs).transpose(0, 2, 1).reshape(channels // _BLOCK, -1)
    return wrapped(np.concatenate([weights, scales.reshape(channels // _BLOCK, -1)], axis=1)).ravel()


KERNEL = Kernel(Conv2D, "conv_2d_packed_s8", "conv_2d/conv_2d_packed_s8.h", _cost, _lower, refuses=_refuses)
