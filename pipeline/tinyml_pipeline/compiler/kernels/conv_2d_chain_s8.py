"""A convolution with long multiplies, two channels of three pixels at once (firmware/kernels/common/chain.h)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tinyml_pipeline.compiler.dtypes import DType
from tinyml_pipeline.compiler.kernel import Cost, Kernel
from tinyml_pipeline.compiler.kernels._chain import GROUP, make_chain
from tinyml_pipeline.compiler.kernels._requantize import needs_sign
from tinyml_pipeline.compiler.kernels._single_add import SingleAdd, single_add
from tinyml_pipeline.compiler.lowering import Array, Buffer, Call, FieldValue, Lowering, Struct
from tinyml_pipeline.compiler.ops._channels import IntArray
from tinyml_pipeline.compiler.ops._window import Window
from tinyml_pipeline.compiler.ops.conv_2d import Conv2D
from tinyml_pipeline.compiler.target import Isa, Target

_PIXELS = 3
_SMALL_IMAGE_BYTES = 2048
"""Of a padded image that is copied as a whole."""


def _cost(op: Conv2D, target: Target) -> Cost:
    """Each three pixels: their windows as words, then all pairs of channels."""
    turns, groups, pairs = turns_of(op)
    outputs = 90 if needs_sign(op.channels.output_zero_point, op.channels.output_min) else 64
    return Cost(cycles=turns * (100 + 36 * groups + pairs * (24 * groups + outputs)), code_bytes=1800)


def turns_of(op: Conv2D) -> tuple[int, int, int]:
    """Each three pixels of all, groups of four inputs of a window, pairs of channels."""
    outputs, height, width, depth = op.filters.shape
    triples = op.window.batches * -(-op.window.output_height * op.window.output_width // _PIXELS)
    return triples, height * -(-width * depth // GROUP), -(-outputs // 2)


def _refuses(op: Conv2D, target: Target) -> str | None:
    if op.groups > 1:
        return f"{op.groups} groups of channels; at most 1"
    sums = single_add(op.channels)
    return sums if isinstance(sums, str) else None


class ChainWeights(NamedTuple):
    """`fields` of struct conv_2d_chain_s8, the words of three windows, and the kind of scales: fitted, signed or
    unsigned."""

    fields: dict[str, FieldValue]
    input_words: int
    kind: str


def _lower(op: Conv2D, target: Target) -> Lowering:
    sums = single_add(op.channels)
    assert not isinstance(sums, str), "the kernel did not refuse"
    weights = chain_weights(op, sums)
    suffix = {"fitted": "_fitted", "signed": "", "unsigned": "_relu"}[weights.kind]
    return lower_pixels(op, f"conv_2d_chain{suffix}_s8", sums, weights.fields, weights.input_words)


def chain_weights(op: Conv2D, sums: SingleAdd, places: IntArray | None = None) -> ChainWeights:
    """`places` are where each channel's output lies, bytes from the first one's; then constant channels are computed as
    the others are. Left out: one pixel's channels in a row, without the constant ones."""
    chain = make_chain(window_rows(op), sums, op.channels, places)
    comment = f"Pairs of channels, first + 2^22 * second, then their biases and scales. {sums.describe()}"
    fields: dict[str, FieldValue] = {
        "chunks": chain.chunks,
        "chunk_groups": chain.chunk_groups,
        "weights": Array("weights", DType.UINT32, chain.words, comment),
        "weight_words": chain.words.size,
        "shift": chain.shift,
    }
    kind = "fitted" if chain.shift else "signed" if sums.is_signed else "unsigned"
    return ChainWeights(fields, chain.input_words, kind)


def window_rows(op: Conv2D) -> npt.NDArray[np.int8]:
    """Weights with the shape (channels, pieces of a window, inputs of a piece)."""
    return op.filters.reshape(op.filters.shape[0], -1, _piece(op.window))


def lower_pixels(
    op: Conv2D, function: str, sums: SingleAdd, fields: dict[str, FieldValue], input_words: int
) -> Lowering:
    """A call of any kernel that takes the windows of three pixels at once; `fields` are those of its weights."""
    constants = sums.constants if sums.is_constant.any() else None
    struct, copied = pixels_struct(op, constants, fields, _SMALL_IMAGE_BYTES)
    words = Buffer("words", DType.UINT32, input_words)
    call = Call(function, (struct, op.source, op.output, words, copied))
    return Lowering((call,), ", ".join([op.window.describe(), *op.channels.describe()]))


def pixels_struct(
    op: Conv2D, constants: npt.NDArray[np.int8] | None, fields: dict[str, FieldValue], small_bytes: int
) -> tuple[Struct, Buffer | None]:
    """Of such a kernel, with memory for a copy of rows; an image of `small_bytes` is copied as a whole."""
    window = op.window
    strip, copied_bytes = _strip(window, op.channels.input_zero_point, small_bytes)
    struct = Struct(
        "conv_2d_chain_s8",
        {
            "strip": Struct("chain_strip", strip),
            "window": Struct("chain_window", _chain_window(window, strip["row_bytes"])),
            "stride_bytes": window.stride_width * window.depth,
            "stride_rows": window.stride_height,
            "batches": window.batches,
            "output_height": window.output_height,
            "output_width": window.output_width,
            "channels": op.filters.shape[0],
            **fields,
            "constants": Array("constants", DType.INT8, constants) if constants is not None else None,
        },
    )
    return struct, Buffer("copied", DType.INT8, copied_bytes) if copied_bytes else None


def _chain_window(window: Window, row_bytes: int) -> dict[str, int]:
    """The fields of struct chain_window: one piece per row, or one per tap if taps lie apart."""
    apart = window.dilation_width > 1
    return {
        "rows": window.filter_height,
        "row_step": window.dilation_height * row_bytes,
        "pieces": window.filter_width if apart else 1,
        "piece_step": window.dilation_width * window.depth,
        "count": _piece(window),
    }


def _piece(window: Window) -> int:
    """Inputs of a window that lie in a row without a gap."""
    return window.depth if window.dilation_width > 1 else window.filter_width * window.depth


def _strip(window: Window, zero_point: int, small_bytes: int) -> tuple[dict[str, int], int]:
    """The fields of struct chain_strip, and the bytes that a strip is copied to: if windows leave the image, or if
    their pieces are not whole groups, up to whose ends they are read. A copy of `small_bytes` may have all rows."""
    is_copied = window.leaves_image or _piece(window) % GROUP > 0
    width = (window.output_width - 1) * window.stride_width + (window.filter_width - 1) * window.dilation_width + 1
    row_bytes = (width if is_copied else window.width) * window.depth
    filter_rows = (window.filter_height - 1) * window.dilation_height + 1

    def copied(height: int) -> int:
        return ((height - 1) * window.stride_height + filter_rows) * row_bytes

    height = window.output_height
    if is_copied and copied(height) > small_bytes:
        height = min(height, _strip_height(window.output_width))
    fields = {
        "height": height,
        "top": window.top,
        "left_bytes": min(window.left, width) * window.depth,
        "row_bytes": row_bytes,
        "filter_rows": filter_rows,
        "image_height": window.height,
        "image_row_bytes": window.width * window.depth,
        "zero_point": zero_point,
    }
    return fields, copied(height) + GROUP - 1 if is_copied else 0


def _strip_height(width: int) -> int:
    """One row of outputs if that wastes few pixels, or three, which waste none."""
    return 1 if 24 * (-width % _PIXELS) <= width else _PIXELS


KERNEL = Kernel(
    Conv2D, "conv_2d_chain_s8", "conv_2d/conv_2d_chain_s8.h", _cost, _lower, Isa.DSP | Isa.LONG_MULTIPLY, _refuses
)
