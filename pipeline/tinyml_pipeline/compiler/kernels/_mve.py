"""What the kernels for Helium share: layouts, and which scales they round as TFLM does."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from tinyml_pipeline.compiler.dtypes import DType
from tinyml_pipeline.compiler.kernels._lines import axes
from tinyml_pipeline.compiler.kernels._requantize import needs_sign
from tinyml_pipeline.compiler.lowering import Array, Struct
from tinyml_pipeline.compiler.ops._channels import Channels
from tinyml_pipeline.compiler.ops._window import Window
from tinyml_pipeline.compiler.ops.fully_connected import FullyConnected

BYTES, CHANNELS, PIXELS = 16, 4, 2
_AXIS_FIELDS = ("size", "step", "before", "taps", "stride", "outputs", "output_step")
_ONE_PIXEL, _TWO_PIXELS = (10, 24), (15, 33)
"""Instructions of a chunk, and of all else, of a block: those of firmware/kernels/common/mve_products.h."""


def is_signed(sums: Channels | FullyConnected) -> bool:
    return needs_sign(sums.output_zero_point, sums.output_min)


def refuses_scales(sums: Channels | FullyConnected) -> str | None:
    """Why sums are not scaled as TFLM does: no left shift, and no rounding of halves without a right shift."""
    most = -1 if is_signed(sums) else 0
    if any(multiplier and shift > most for multiplier, shift in zip(sums.multipliers, sums.shifts, strict=True)):
        return f"a scale of {2.0**most:g} or more"
    return None


def chunks_of(inputs: int) -> int:
    return -(-inputs // BYTES)


def products_struct(rows: npt.NDArray[np.int8], sums: Channels | FullyConnected) -> Struct:
    """struct mve_products, for weights with the shape (channels, inputs)."""
    words = _words(rows, sums)
    return Struct(
        "mve_products",
        {
            "words": Array("words", DType.UINT32, words, "Of four channels: biases, weights, multipliers, shifts."),
            "chunks": chunks_of(rows.shape[1]),
            "channels": len(rows),
            "output_zero_point": sums.output_zero_point,
            "output_min": sums.output_min,
            "output_max": sums.output_max,
        },
    )


def products_cycles(pixels: int, channels: int, inputs: int) -> int:
    """Of pixels that are taken in pairs, and the last of an odd number."""
    blocks, chunks = -(-channels // CHANNELS), chunks_of(inputs)
    one, two = (50 + blocks * (chunk * chunks + rest) for chunk, rest in (_ONE_PIXEL, _TWO_PIXELS))
    return pixels // PIXELS * two + pixels % PIXELS * one


def _words(rows: npt.NDArray[np.int8], sums: Channels | FullyConnected) -> npt.NDArray[np.uint32]:
    """In the order of struct mve_products."""
    channels, inputs = rows.shape
    blocks, chunks = -(-channels // CHANNELS), chunks_of(inputs)
    filled = np.zeros((blocks * CHANNELS, chunks * BYTES), np.int8)
    filled[:channels, :inputs] = rows
    weights = filled.reshape(blocks, CHANNELS, chunks, BYTES).transpose(0, 2, 1, 3)
    pairs = np.array([sums.pair(channel) for channel in range(channels)])
    words: npt.NDArray[np.uint32] = np.hstack(
        [
            _blocks(sums.bias),
            np.ascontiguousarray(weights).reshape(blocks, -1).view("<u4"),
            _blocks(pairs[:, 0]),
            _blocks(pairs[:, 1]),
        ]
    )
    return words


def _blocks(numbers: npt.NDArray[Any]) -> npt.NDArray[np.uint32]:
    """Modulo 2^32, with zeros up to a whole block."""
    filled = np.zeros(-(-len(numbers) // CHANNELS) * CHANNELS, np.int64)
    filled[: len(numbers)] = numbers
    blocks: npt.NDArray[np.uint32] = filled.astype(np.uint64).astype(np.uint32).reshape(-1, CHANNELS)
    return blocks


def runs_down(window: Window) -> bool:
    """Whether lines of outputs are columns of the image: their windows are long pieces of its rows."""
    return window.output_height >= window.output_width


def line_sizes(window: Window) -> tuple[int, int]:
    """Lines, and outputs of each."""
    sizes = window.output_width, window.output_height
    return sizes if runs_down(window) else (sizes[1], sizes[0])


def mve_axes(window: Window, channels: int) -> tuple[Struct, Struct]:
    """struct mve_axis across the lines and along them."""
    lines, positions = axes(window, channels, _AXIS_FIELDS, runs_down=runs_down(window))
    return Struct("mve_axis", lines), Struct("mve_axis", positions)


def positions_used(positions: Struct) -> int:
    """By all outputs of a line."""
    outputs, stride, taps = (int(positions.fields[name]) for name in ("outputs", "stride", "taps"))  # type: ignore[arg-type]
    return (outputs - 1) * stride + taps
