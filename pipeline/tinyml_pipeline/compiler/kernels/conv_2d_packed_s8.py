"""A convolution with products for several channels in one multiply (firmware/kernels/conv_2d/conv_2d_packed_s8.h)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tinyml_pipeline.compiler.dtypes import DType
from tinyml_pipeline.compiler.kernel import Cost, Kernel
from tinyml_pipeline.compiler.kernels._convolution import window_struct
from tinyml_pipeline.compiler.kernels._packed import LAYOUT, chunk_inputs, ends, modulo_2_32
from tinyml_pipeline.compiler.kernels._single_add import SingleAdd, single_add
from tinyml_pipeline.compiler.lowering import Array, Buffer, Call, Lowering, Struct
from tinyml_pipeline.compiler.ops._channels import IntArray
from tinyml_pipeline.compiler.ops.conv_2d import Conv2D
from tinyml_pipeline.compiler.target import Isa, Target

_PIXELS, _INPUTS = 3, 4


def _cost(op: Conv2D, target: Target) -> Cost:
    outputs, inputs = op.filters.shape[0], op.filters[0].size
    groups = op.window.batches * -(-op.window.output_height * op.window.output_width // _PIXELS)
    blocks = -(-outputs // LAYOUT.fields)
    copied = 4 * inputs if op.window.taps > 1 else 30
    return Cost(cycles=groups * (blocks * (40 * inputs + 200) + _PIXELS * (18 * outputs + copied)), code_bytes=2000)


def _refuses(op: Conv2D, target: Target) -> str | None:
    if not target.isa & (Isa.RV_M | Isa.ARMV6M):
        return f"{target.name} may multiply and add in one instruction"
    if op.groups > 1:
        return f"{op.groups} groups of channels; at most 1"
    sums = single_add(op.channels)
    return sums if isinstance(sums, str) else None


def _lower(op: Conv2D, target: Target) -> Lowering:
    window, sums = op.window, single_add(op.channels)
    assert not isinstance(sums, str), "the kernel did not refuse"
    rows = _rows(op, sums)
    comment = f"Blocks of eight channels: five words an input, then biases and scales. {sums.describe()}"
    struct = Struct(
        "conv_2d_packed_s8",
        {
            "window": window_struct(window, op.channels.input_zero_point),
            "batches": window.batches,
            "output_height": window.output_height,
            "output_width": window.output_width,
            "channels": op.filters.shape[0],
            "words": Array("words", DType.UINT32, _words(rows, sums), comment),
        },
    )
    patches = Buffer("patches", DType.INT8, _PIXELS * rows.shape[1])
    function = f"conv_2d_packed{'' if sums.is_signed else '_relu'}_s8"
    details = ", ".join([window.describe(), *op.channels.describe()])
    return Lowering((Call(function, (struct, op.source, op.output, patches)),), details)


def _rows(op: Conv2D, sums: SingleAdd) -> IntArray:
    """Weights (channels, inputs), with zeros up to whole blocks of channels and turns of inputs."""
    weights = sums.live(op.filters).reshape(len(op.filters), -1)
    channels, inputs = weights.shape
    rows = np.zeros((-(-channels // LAYOUT.fields) * LAYOUT.fields, -(-inputs // _INPUTS) * _INPUTS), np.int64)
    rows[:channels, :inputs] = weights
    return rows


def _words(rows: IntArray, sums: SingleAdd) -> npt.NDArray[np.uint32]:
    """In the order of struct conv_2d_packed_s8."""
    channels, inputs = rows.shape
    bias, scales = np.zeros(channels, np.int64), np.zeros((channels, 3), np.int64)
    bias[: len(sums.bias)], scales[: len(sums.bias)] = sums.bias, sums.scales
    words = []
    for first in range(0, channels, LAYOUT.fields):
        block = slice(first, first + LAYOUT.fields)
        size = chunk_inputs(rows[block], _INPUTS, LAYOUT)
        words.append(np.array([size, -(-inputs // size)], np.uint32))
        for begin in range(0, inputs, size):
            chunk = rows[block, begin : begin + size]
            starts = -ends(chunk)[0]
            bias[block] -= starts
            words.append(LAYOUT.pack(np.vstack([starts, chunk.T])).ravel())
        words += [modulo_2_32(bias[block]), modulo_2_32(scales[block]).ravel()]
    return np.concatenate(words)


KERNEL = Kernel(Conv2D, "conv_2d_packed_s8", "conv_2d/conv_2d_packed_s8.h", _cost, _lower, refuses=_refuses)
