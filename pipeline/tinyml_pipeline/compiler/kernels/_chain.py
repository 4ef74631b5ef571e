"""Weights for products of two channels and three pixels in 64-bit accumulators (firmware/kernels/common/chain.h)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyml_pipeline.compiler.kernels._single_add import SingleAdd
from tinyml_pipeline.compiler.ops._channels import IntArray

FIELD_BITS = 22
GROUP = 4
"""Weights that the kernel takes at once."""
MOST_SUM, MOST_SECOND_SUM = 2**FIELD_BITS - 1, 2 ** (64 - 2 * FIELD_BITS) - 1
"""Of both channels of a pair together, and of the second one: what their fields of the accumulator hold."""
_INPUT_MAX = 255
_SAFE_GROUPS = 8
"""Any weights of so many groups fit the fields: 32 * 128 * 255 is below 2^20."""


@dataclass(frozen=True, eq=False)
class Chain:
    """`pairs` numbers the channels that are computed together; their products are split into `chunks` chunks of
    `chunk_groups` groups of four."""

    pairs: tuple[tuple[int, int], ...]
    chunks: int
    chunk_groups: int
    words: npt.NDArray[np.uint32]

    @property
    def input_words(self) -> int:
        """Two for each input of a window, and three that are read behind them."""
        return 2 * self.chunks * self.chunk_groups * GROUP + 3


def make_chain(filters: npt.NDArray[np.int8], sums: SingleAdd) -> Chain:
    """Of weights with the shape (channels, rows of a window, inputs of a row), each row filled up to whole groups.

    Constant channels are left out, and the chunks are as few as let no field of any pair overflow, whatever the inputs
    are.
    """
    live = np.flatnonzero(~sums.is_constant) if not sums.is_constant.all() else np.zeros(1, np.int64)
    count, rows, inputs = filters.shape
    filled = np.zeros((count, rows, -(-inputs // GROUP) * GROUP), np.int64)
    filled[:, :, :inputs] = sums.live(filters)
    weights = filled.reshape(count, -1)
    pairs = _pairs(weights, live)
    groups = weights.shape[1] // GROUP
    for chunks in range(1, groups + 1):
        chunk_groups = -(-groups // chunks)
        split = np.zeros((count, chunks, chunk_groups * GROUP), np.int64)
        split.reshape(count, -1)[:, : weights.shape[1]] = weights
        if chunk_groups <= _SAFE_GROUPS or fields_hold(split, pairs):
            break
    return Chain(pairs, chunks, chunk_groups, _words(split, pairs, sums))


def fields_hold(chunks: IntArray, pairs: tuple[tuple[int, int], ...]) -> bool:
    """Whether the fields hold the sums of weights (channels, chunks, weights) and any inputs of 0 to 255."""
    sums = _INPUT_MAX * np.abs(chunks).sum(axis=2)
    first, second = (sums[list(channels)] for channels in zip(*pairs, strict=True))
    return bool((first + second).max() <= MOST_SUM and second.max() <= MOST_SECOND_SUM)


def _pairs(weights: IntArray, channels: IntArray) -> tuple[tuple[int, int], ...]:
    """The largest sum of weights with the smallest and so on, the larger one first: its field is wider.

    A channel that is left over is a pair with itself.
    """
    sizes = np.abs(weights[channels]).sum(axis=1)
    order = channels[np.argsort(-sizes, kind="stable")].tolist()
    return tuple((order[place], order[-1 - place]) for place in range((len(order) + 1) // 2))


def _words(rows: IntArray, pairs: tuple[tuple[int, int], ...], sums: SingleAdd) -> npt.NDArray[np.uint32]:
    """In the order of struct chain_run; `rows` with the shape (channels, chunks, weights)."""
    begins = -_INPUT_MAX * np.minimum(rows, 0).sum(axis=2)  # no sum falls below zero
    parts: list[npt.NDArray[Any]] = []
    for pair in pairs:
        first, second = pair
        for chunk in range(rows.shape[1]):
            low, high = int(begins[first, chunk]), int(begins[second, chunk])
            start = low + (low + high << FIELD_BITS) + (high << 2 * FIELD_BITS)
            parts.append(np.array([start & 0xFFFFFFFF, start >> 32] * 2))
            parts.append(rows[first, chunk] + (rows[second, chunk] << FIELD_BITS))
        for channel in pair:
            # Inputs count from -128 in the bias, from 0 in the products.
            rest = int(sums.bias[channel]) - 128 * int(rows[channel].sum()) - int(begins[channel].sum())
            parts.append(np.array([256 * rest, *sums.scales[channel]]))
        parts.append(np.array(pair))
    words: npt.NDArray[np.uint32] = np.concatenate(parts).astype(np.uint64).astype(np.uint32)
    return words
