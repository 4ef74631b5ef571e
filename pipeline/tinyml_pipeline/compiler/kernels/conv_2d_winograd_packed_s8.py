"""A convolution by filters of 3x3 in packed tiles (firmware/kernels/conv_2d/conv_2d_winograd_packed_s8.h)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tinyml_pipeline.compiler.dtypes import DType
from tinyml_pipeline.compiler.kernel import Cost, Kernel
from tinyml_pipeline.compiler.kernels._packed import TILE_LAYOUT, chunk_inputs, ends, modulo_2_32
from tinyml_pipeline.compiler.kernels._single_add import SingleAdd, single_add
from tinyml_pipeline.compiler.kernels._winograd import TILES_OF_2, why_not_3x3
from tinyml_pipeline.compiler.lowering import Array, Buffer, Call, Lowering, Struct
from tinyml_pipeline.compiler.ops._channels import IntArray
from tinyml_pipeline.compiler.ops._window import Window
from tinyml_pipeline.compiler.ops.conv_2d import Conv2D
from tinyml_pipeline.compiler.target import Isa, Target

_SIZE, _TILES, _INPUTS = TILES_OF_2.size, 4, 4
_COLUMNS = _SIZE * _TILES
_SCALE = 4
"""What the outputs of the transforms are multiplied by."""
_SUM_WORDS = (TILES_OF_2.positions * TILE_LAYOUT.words + _COLUMNS * _SIZE) * 4


def _cost(op: Conv2D, target: Target) -> Cost:
    """Every four tiles: their inputs, sums at all positions, and outputs."""
    window = op.window
    passes = window.batches * -(-window.output_height // _SIZE) * -(-window.output_width // _COLUMNS)
    blocks, turns = -(-op.filters.shape[0] // TILE_LAYOUT.fields), _turns(window)
    inputs = 320 * window.depth
    sums = blocks * TILES_OF_2.positions * (127 * turns + 30)
    outputs = blocks * TILE_LAYOUT.fields * _COLUMNS * _SIZE * 30
    return Cost(cycles=passes * (inputs + sums + outputs), code_bytes=2600)


def _refuses(op: Conv2D, target: Target) -> str | None:
    if not target.isa & Isa.RV_M:
        return f"{target.name} has too few registers, or multiplies and adds in one instruction"
    reason = why_not_3x3(op)
    if reason is not None:
        return reason
    sums = single_add(op.channels)
    return sums if isinstance(sums, str) else None


def _turns(window: Window) -> int:
    return -(-window.depth // _INPUTS)


def _lower(op: Conv2D, target: Target) -> Lowering:
    window, sums = op.window, single_add(op.channels)
    assert not isinstance(sums, str), "the kernel did not refuse"
    row_bytes = (-(-window.output_width // _COLUMNS) * _COLUMNS + 2) * window.depth
    comment = f"Blocks of four channels: transformed filters, then biases and scales. {sums.describe()}"
    struct = Struct(
        "conv_2d_winograd_packed_s8",
        {
            "batches": window.batches,
            "image_height": window.height,
            "image_row_bytes": window.width * window.depth,
            "top": window.top,
            "left_bytes": min(window.left * window.depth, row_bytes),
            "row_bytes": row_bytes,
            "output_height": window.output_height,
            "output_width": window.output_width,
            "depth": window.depth,
            "turns": _turns(window),
            "channels": op.filters.shape[0],
            "zero_point": op.channels.input_zero_point,
            "words": Array("words", DType.UINT32, _words(op, sums), comment),
        },
    )
    strip = Buffer("strip", DType.INT8, (_SIZE + 2) * row_bytes)
    inputs = Buffer("inputs", DType.INT16, _turns(window) * _INPUTS * TILES_OF_2.positions * _TILES)
    buffer = Buffer("sums", DType.UINT32, _SUM_WORDS)
    function = f"conv_2d_winograd_packed{'' if sums.is_signed else '_relu'}_s8"
    details = ", ".join([window.describe(), *op.channels.describe()])
    return Lowering((Call(function, (struct, op.source, op.output, strip, inputs, buffer)),), details)


def _words(op: Conv2D, sums: SingleAdd) -> npt.NDArray[np.uint32]:
    """In the order of struct conv_2d_winograd_packed_s8."""
    live, fields = sums.live(op.filters), TILE_LAYOUT.fields
    count, depth = live.shape[0], live.shape[3]
    channels, inputs = -(-count // fields) * fields, _turns(op.window) * _INPUTS
    filters = np.zeros((channels, 3, 3, inputs), np.int64)
    filters[:count, :, :, :depth] = live
    bias, scales = np.zeros(channels, np.int64), np.zeros((channels, 3), np.int64)
    bias[:count], scales[:count] = _SCALE * sums.bias, sums.scales
    words = []
    for first in range(0, channels, fields):
        block = slice(first, first + fields)
        # A turn of weights: four input channels of all taps.
        rows = filters[block].reshape(fields, 9, -1, _INPUTS).transpose(0, 2, 1, 3).reshape(fields, -1)
        size = chunk_inputs(_SCALE * rows, 9 * _INPUTS, TILE_LAYOUT) // 9
        words.append(np.array([size, -(-inputs // size)], np.uint32))
        for begin in range(0, inputs, size):
            chunk = filters[block, :, :, begin : begin + size]
            starts = -_SCALE * ends(chunk.reshape(fields, -1))[0]
            bias[block] -= starts
            transformed: IntArray = TILES_OF_2.filters(chunk).transpose(0, 2, 1)  # (positions, inputs, channels)
            words += [TILE_LAYOUT.pack(starts), TILE_LAYOUT.pack(transformed).ravel()]
        words += [modulo_2_32(bias[block]), modulo_2_32(scales[block]).ravel()]
    return np.concatenate(words)


KERNEL = Kernel(
    Conv2D,
    "conv_2d_winograd_packed_s8",
    "conv_2d/conv_2d_winograd_packed_s8.h",
    _cost,
    _lower,
    refuses=_refuses,
)
