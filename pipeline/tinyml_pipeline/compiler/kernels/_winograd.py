"""Convolutions by filters of 3x3 in Winograd's domain (firmware/kernels/common/winograd.h)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tinyml_pipeline.compiler.dtypes import DType
from tinyml_pipeline.compiler.kernel import Cost
from tinyml_pipeline.compiler.kernels._dense import lanes
from tinyml_pipeline.compiler.kernels._single_add import SingleAdd, single_add
from tinyml_pipeline.compiler.lowering import Array, Buffer, Call, Lowering, Struct
from tinyml_pipeline.compiler.memory.plan import Overlap
from tinyml_pipeline.compiler.ops._channels import IntArray
from tinyml_pipeline.compiler.ops.conv_2d import Conv2D
from tinyml_pipeline.compiler.target import Target

GROUP, TILES, SUMS = 4, 2, 4
"""Input channels that are taken at once, tiles, and sums of two channels and two tiles."""
_MOST_GROUPS = 16
_SUM_WORDS = 144
LANE_MAX = 2**15 - 1


def why_not_3x3(op: Conv2D) -> str | None:
    """Why a convolution is not one by filters of 3x3 with stride 1."""
    window = op.window
    if op.groups > 1:
        return f"{op.groups} groups of channels; at most 1"
    if (window.filter_height, window.filter_width) != (3, 3):
        return f"filters of {window.filter_height}x{window.filter_width}; only 3x3"
    if (window.stride_height, window.stride_width) != (1, 1):
        return f"a stride of {window.stride_height}x{window.stride_width}; only 1x1"
    if (window.dilation_height, window.dilation_width) != (1, 1):
        return f"a dilation of {window.dilation_height}x{window.dilation_width}; only 1x1"
    return None


@dataclass(frozen=True)
class Winograd:
    """Tiles of `size` x `size` outputs: `filter_rows` is G with whole numbers, `input_rows` B transposed. Two
    neighbouring channels of transformed inputs are one number, kept from borrowing by a `lift`."""

    size: int
    input_rows: tuple[tuple[int, ...], ...]
    filter_rows: tuple[tuple[int, ...], ...]
    lift: int
    code_bytes: int

    @property
    def positions(self) -> int:
        return (self.size + 2) ** 2

    def filters(self, filters: npt.NDArray[np.int8] | IntArray) -> IntArray:
        """U of filters with the shape (channels, 3, 3, inputs), with the shape (positions, channels, inputs): a
        column of the tile after the other."""
        rows = np.array(self.filter_rows)
        found = np.einsum("xj,yi,cijk->xyck", rows, rows, filters.astype(np.int64))
        by_position: IntArray = found.reshape(self.positions, *found.shape[2:])
        return by_position

    def refuses(self, op: Conv2D, target: Target) -> str | None:
        reason, window = why_not_3x3(op), op.window
        if reason is not None:
            return reason
        if window.depth % GROUP:
            return f"{window.depth} input channels; only multiples of {GROUP}"
        if op.filters.shape[0] < 2:
            return "1 output channel; at least 2"
        if window.output_width < self.size:
            return f"rows of {window.output_width} outputs; at least {self.size}"
        sums = single_add(op.channels)
        return sums if isinstance(sums, str) else None

    def cost(self, op: Conv2D, target: Target) -> Cost:
        """Every two tiles: their inputs, sums at all positions, and outputs."""
        window, side = op.window, self.size + 2
        passes = window.batches * -(-window.output_height // self.size) * -(-window.output_width // (TILES * self.size))
        pairs, groups = -(-op.filters.shape[0] // 2), window.depth // GROUP
        inputs = TILES * groups * (60 + 25 * self.positions)
        sums = pairs * (40 + self.positions * (18 * groups + 16))
        outputs = pairs * SUMS * (30 + 22 * self.size + 7 * side * (side + self.size) // 2)
        return Cost(cycles=passes * (inputs + sums + outputs), code_bytes=self.code_bytes)

    def lower(self, op: Conv2D, target: Target) -> Lowering:
        window, outputs = op.window, op.filters.shape[0]
        sums = single_add(op.channels)
        assert not isinstance(sums, str), "the kernel did not refuse"
        groups = window.depth // GROUP
        chunks = -(-groups // _MOST_GROUPS)
        chunk_groups = -(-groups // chunks)
        words = self._words(op, sums, chunks, chunk_groups)
        comment = f"Transformed filters of pairs of channels, then their biases and scales. {sums.describe()}"
        row_words = (window.output_width + 2) * groups
        struct = Struct(
            "conv_2d_winograd_s8",
            {
                "batches": window.batches,
                "image_height": window.height,
                "image_row_words": window.width * groups,
                "top": window.top,
                "left_words": min(window.left, window.output_width + 2) * groups,
                "row_words": row_words,
                "output_height": window.output_height,
                "output_width": window.output_width,
                "depth_words": groups,
                "channels": outputs,
                "chunks": chunks,
                "chunk_groups": chunk_groups,
                "zero_point": op.channels.input_zero_point,
                "weights": Array("weights", DType.UINT32, words, comment),
                "pair_words": words.shape[1],
            },
        )
        strip = Buffer("strip", DType.UINT32, (self.size + 2) * row_words)
        inputs = Buffer("inputs", DType.UINT32, self.positions * chunks * chunk_groups * GROUP + 2)
        products = Buffer("sums", DType.UINT32, _SUM_WORDS * min(chunks, 2))
        name = f"conv_2d_winograd_{self.size}{'' if sums.is_signed else '_relu'}_s8"
        call = Call(name, (struct, op.source, op.output, strip, inputs, products))
        details = ", ".join([window.describe(), *op.channels.describe()])
        return Lowering((call,), details, overlaps=self._overlaps(op))

    def _overlaps(self, op: Conv2D) -> tuple[Overlap, ...]:
        """The outputs of a row of tiles are written when the inputs of its last row, and all before, have been read."""
        window, outputs = op.window, op.filters.shape[0]
        if window.batches > 1:
            return ()
        lead = 0
        for end in range(self.size, window.output_height, self.size):
            unread = max(end + 2 - window.top, 0)
            if unread < window.height:
                written = end * window.output_width * outputs
                lead = max(lead, written - unread * window.width * window.depth)
        return (Overlap(op.output.index, op.source.index, lead),)

    def _words(self, op: Conv2D, sums: SingleAdd, chunks: int, chunk_groups: int) -> npt.NDArray[np.uint32]:
        """Of the shape (pairs of channels, words), in the order of struct conv_2d_winograd_s8."""
        count = len(op.filters)
        filters = sums.live(op.filters)
        pairs = [(first, first + 1) for first in (min(next_, count - 2) for next_ in range(0, count, 2))]
        transformed = np.zeros((self.positions, count, chunks * chunk_groups * GROUP), np.int64)
        transformed[:, :, : filters.shape[3]] = self.filters(filters)
        assert np.abs(transformed).max() <= LANE_MAX
        # (positions, channels, chunks, groups, 4 inputs)
        split = transformed.reshape(self.positions, count, chunks, chunk_groups, GROUP)
        lifted = -self.lift * split[..., :2].sum(axis=(3, 4))
        # Inputs 0 and 2 are the lanes of one word, 1 and 3 of the next: lifted are 0 and 1.
        packed = lanes(split[..., :2], split[..., 2:])
        rest = 256 * (sums.bias - 128 * filters.astype(np.int64).sum(axis=(1, 2, 3)))
        scales = np.array(sums.scales, np.int64)
        rows = []
        for pair in pairs:
            channels = list(pair)
            starts = np.repeat(_words_of(lifted[:, channels]), TILES, axis=1)  # (positions, 4, chunks)
            weights = packed[:, channels].transpose(2, 0, 3, 4, 1)  # (chunks, positions, groups, 2 words, 2 channels)
            weights = weights.reshape(chunks, self.positions, -1)
            both = np.concatenate([starts.transpose(2, 0, 1), weights], axis=2)
            ends = _words_of(np.concatenate([rest[channels][:, None], scales[channels]], axis=1))
            rows.append(np.concatenate([both.ravel(), ends.ravel()]))
        words: npt.NDArray[np.uint32] = np.stack(rows)
        return words


def _words_of(numbers: IntArray) -> npt.NDArray[np.uint32]:
    """Modulo 2^32."""
    return numbers.astype(np.uint64).astype(np.uint32)


TILES_OF_2 = Winograd(
    2,
    ((1, 0, -1, 0), (0, 1, 1, 0), (0, -1, 1, 0), (0, 1, 0, -1)),
    ((2, 0, 0), (1, 1, 1), (1, -1, 1), (0, 0, 2)),
    lift=1024,
    code_bytes=3200,
)
TILES_OF_4 = Winograd(
    4,
    (
        (4, 0, -5, 0, 1, 0),
        (0, -4, -4, 1, 1, 0),
        (0, 4, -4, -1, 1, 0),
        (0, -2, -1, 2, 1, 0),
        (0, 2, -1, -2, 1, 0),
        (0, 4, 0, -5, 0, 1),
    ),
    ((6, 0, 0), (-1, -1, -1), (-1, 1, -1), (1, 2, 4), (1, -2, 4), (0, 0, 6)),
    lift=12800,
    code_bytes=5100,
)
