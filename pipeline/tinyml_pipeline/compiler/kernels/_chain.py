"""Weights for products of two channels and three pixels in 64-bit accumulators (firmware/kernels/common/chain.h)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyml_pipeline.compiler.kernels._fitted import Fit, Fits, fit_all
from tinyml_pipeline.compiler.kernels._single_add import SingleAdd
from tinyml_pipeline.compiler.ops._channels import Channels, IntArray

FIELD_BITS = 22
GROUP = 4
"""Weights that the kernel takes at once."""
MOST_SUM, MOST_SECOND_SUM = 2**FIELD_BITS - 1, 2 ** (64 - 2 * FIELD_BITS) - 1
"""Of both channels of a pair together, and of the second one: what their fields of the accumulator hold."""
FIELD_SCALE, FITTED_SHIFTS = 2**10, (18, 15, 14)
"""What chain_fitted.h makes of a field, and the shifts that it has instructions for."""
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
    shift: int
    """Of fitted scales; 0 without."""

    @property
    def input_words(self) -> int:
        """Two for each input of a window, and three that are read behind them."""
        return 2 * self.chunks * self.chunk_groups * GROUP + 3


def make_chain(
    filters: npt.NDArray[np.int8], sums: SingleAdd, channels: Channels, places: IntArray | None = None
) -> Chain:
    """Of weights with the shape (channels, rows of a window, inputs of a row), each row filled up to whole groups.

    `places` are what stands for the channels' numbers in the words. Without them, constant channels are left out. The
    chunks are as few as let no field of any pair overflow, whatever the inputs are.
    """
    live = np.flatnonzero(~sums.is_constant) if not sums.is_constant.all() else np.zeros(1, np.int64)
    computed = live if places is None else np.arange(len(filters))
    places = np.arange(len(filters)) if places is None else places
    count, rows, inputs = filters.shape
    filled = np.zeros((count, rows, -(-inputs // GROUP) * GROUP), np.int64)
    filled[:, :, :inputs] = sums.live(filters)
    weights = filled.reshape(count, -1)
    pairs = _pairs(weights, computed)
    groups = weights.shape[1] // GROUP
    for chunks in range(1, groups + 1):
        chunk_groups = -(-groups // chunks)
        split = np.zeros((count, chunks, chunk_groups * GROUP), np.int64)
        split.reshape(count, -1)[:, : weights.shape[1]] = weights
        if chunk_groups <= _SAFE_GROUPS or fields_hold(split, pairs):
            break
    fits = fit_chain(channels, live) if chunks == 1 and not sums.is_signed else None
    if fits is None:
        return Chain(pairs, chunks, chunk_groups, _words(split, pairs, sums, places), 0)
    constants = {channel: Fit(0, int(sums.constants[channel]) << fits.shift) for channel in range(count)}
    return Chain(
        pairs, chunks, chunk_groups, _fitted_words(split, pairs, constants | fits.channels, places), fits.shift
    )


def fit_chain(channels: Channels, live: IntArray) -> Fits | None:
    """Of fields that begin at minus their least sums; those of channels that are constant stay out of it."""
    return fit_all(channels, live, FIELD_SCALE, -channels.lowest, FITTED_SHIFTS)


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


def _fitted_words(
    rows: IntArray, pairs: tuple[tuple[int, int], ...], fits: dict[int, Fit], places: IntArray
) -> npt.NDArray[np.uint32]:
    """In the order of chain_fitted.h; `rows` with the shape (channels, 1, weights)."""
    parts: list[npt.NDArray[Any]] = []
    for pair in pairs:
        parts += [_products(rows[:, 0], pair), np.array([fits[channel] for channel in pair]).ravel()]
        parts.append(places[list(pair)])
    words: npt.NDArray[np.uint32] = np.concatenate(parts).astype(np.uint64).astype(np.uint32)
    return words


def _products(rows: IntArray, pair: tuple[int, int]) -> IntArray:
    """Where the accumulators start, so that no sum falls below zero, and the words of one chunk."""
    first, second = pair
    low, high = (int(-_INPUT_MAX * np.minimum(rows[channel], 0).sum()) for channel in pair)
    start = low + (low + high << FIELD_BITS) + (high << 2 * FIELD_BITS)
    words: IntArray = np.array([start & 0xFFFFFFFF, start >> 32] * 2)
    return np.concatenate([words, rows[first] + (rows[second] << FIELD_BITS)])


def _words(
    rows: IntArray, pairs: tuple[tuple[int, int], ...], sums: SingleAdd, places: IntArray
) -> npt.NDArray[np.uint32]:
    """In the order of struct chain_run; `rows` with the shape (channels, chunks, weights)."""
    begins = -_INPUT_MAX * np.minimum(rows, 0).sum(axis=2)  # no sum falls below zero
    parts: list[npt.NDArray[Any]] = []
    for pair in pairs:
        parts += [_products(rows[:, chunk], pair) for chunk in range(rows.shape[1])]
        for channel in pair:
            # Inputs count from -128 in the bias, from 0 in the products.
            rest = int(sums.bias[channel]) - 128 * int(rows[channel].sum()) - int(begins[channel].sum())
            parts.append(np.array([256 * rest, *sums.scales[channel]]))
        parts.append(places[list(pair)])
    words: npt.NDArray[np.uint32] = np.concatenate(parts).astype(np.uint64).astype(np.uint32)
    return words
