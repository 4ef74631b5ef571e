"""Sums of products by constant weights, one sum for each output channel, and how a sum becomes int8."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyml_pipeline.compiler.fixed_point import (
    INT32_MAX,
    INT32_MIN,
    multiply_by_quantized_multiplier,
    quantize_multiplier,
    zero_point_fits,
)
from tinyml_pipeline.compiler.graph import Quantization, Tensor
from tinyml_pipeline.compiler.ops._context import INT8_MAX, INT8_MIN, OpContext

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Channels:
    """The numbers of the output channels, bounds proven.

    `own_bias` is the layer's, or zeros; `bias` holds the input's zero point too: own_bias[c] - input_zero_point *
    sum(weights[c]), so that a kernel multiplies the stored input bytes as they are. `multipliers` and `shifts` have one
    entry, or one per channel. `lowest` and `highest` bound each channel's sum over every possible input, also if taps
    outside an image are left out or read as the zero point.
    """

    own_bias: IntArray
    bias: IntArray
    multipliers: tuple[int, ...]
    shifts: tuple[int, ...]
    input_zero_point: int
    output_zero_point: int
    output_min: int
    output_max: int
    lowest: IntArray
    highest: IntArray
    activation: str

    @property
    def per_channel(self) -> bool:
        return len(self.multipliers) > 1

    def pair(self, channel: int) -> tuple[int, int]:
        """Multiplier and shift of one channel."""
        index = channel if self.per_channel else 0
        return self.multipliers[index], self.shifts[index]

    def real(self, channel: int) -> float:
        """The ratio of outputs to sums."""
        multiplier, shift = self.pair(channel)
        return float(multiplier * 2.0 ** (shift - 31))

    def output(self, channel: int, sum_: int) -> int | None:
        """What a channel's sum (of real inputs, so without their zero point) becomes; None if it wraps on the way."""
        multiplier, shift = self.pair(channel)
        if not INT32_MIN <= sum_ << max(shift, 0) <= INT32_MAX:
            return None
        scaled = multiply_by_quantized_multiplier(sum_, multiplier, shift) + self.output_zero_point
        return min(max(scaled, self.output_min), self.output_max)

    def describe(self) -> list[str]:
        """Words for the layer's comment."""
        words = ["per channel"] if self.per_channel else []
        return words if self.activation == "NONE" else [*words, self.activation.lower()]


def read_channels(
    op: OpContext, source: Tensor, weights: Tensor, bias: Tensor | None, rows: npt.NDArray[Any]
) -> Channels:
    """Checks what makes 32-bit sums exact; `rows` are the weights with the shape (channels, products of one sum)."""
    given, wanted = op.quantization(source, "input"), op.quantization(op.output(), "output")
    assert weights.quantization is not None
    own_bias = _read_bias(op, bias, len(rows))
    positive, negative = signed_sums(rows)
    folded = own_bias - given.zero_point * (positive + negative)
    low, high = INT8_MIN - given.zero_point, INT8_MAX - given.zero_point
    lowest = own_bias + positive * low + negative * high  # low is at most 0, high at least 0
    highest = own_bias + positive * high + negative * low
    size = positive - negative
    reach = int(np.maximum(np.abs(folded) + 128 * size, np.abs(own_bias) + max(-low, high) * size).max())
    op.require(reach <= INT32_MAX, f"a sum of up to {reach}", "sums within 32 bits")
    reals = [given.scale * scale / wanted.scale for scale in weights.quantization.scales]
    op.require(max(reals) < 2**30, f"an output scale of {wanted.scale:g}", "ratios of scales below 2^30")
    multipliers, shifts = zip(*map(quantize_multiplier, reals), strict=True)
    output_min, output_max = op.activation_range(wanted)
    channels = Channels(
        own_bias, folded, multipliers, shifts, given.zero_point, wanted.zero_point, output_min, output_max, lowest,
        highest, op.activation_name,
    )  # fmt: skip
    for channel, ends in enumerate(zip(lowest.tolist(), highest.tolist(), strict=True)):
        fits = zero_point_fits(*ends, *channels.pair(channel))
        op.require(fits, f"a scaled sum of channel {channel}", "scaled sums within 32 bits")
    return channels


def signed_sums(rows: npt.NDArray[Any]) -> tuple[IntArray, IntArray]:
    """The sums of each row's positive and of its negative weights; no copy is wider than the weights."""
    return np.maximum(rows, 0).sum(axis=1, dtype=np.int64), np.minimum(rows, 0).sum(axis=1, dtype=np.int64)


def check_weights(op: OpContext, weights: Tensor, axis: int) -> Quantization:
    """Constant int8 or int4 weights without a zero point, with one scale or one per slice along `axis`."""
    op.require(weights.type in ("INT8", "INT4"), f"weights of type {weights.type}", "INT8 or INT4")
    op.require(weights.is_constant, "weights that are computed", "constant weights")
    quantization = weights.quantization
    if quantization is None:
        raise op.unsupported("weights without quantization", "int8 weights with scales")
    op.require(not any(quantization.zero_points), "weights with a zero point other than 0", "zero point 0")
    op.require(
        not quantization.per_channel or quantization.axis == axis,
        f"weights quantized along axis {quantization.axis}",
        f"axis {axis}",
    )
    channels = weights.shape[axis] if axis < len(weights.shape) else 0
    op.require(len(quantization.scales) in (1, channels), f"{len(quantization.scales)} scales of the weights",
               f"1 or {channels}, one per output channel")  # fmt: skip
    return quantization


def _read_bias(op: OpContext, bias: Tensor | None, channels: int) -> IntArray:
    if bias is None:
        return np.zeros(channels, np.int64)
    op.require(bias.type == "INT32" and bias.is_constant, f"a bias of type {bias.type}", "a constant INT32 bias")
    op.require(bias.size == channels, f"a bias of {bias.size} values", f"{channels}, one per output channel")
    return bias.values.astype(np.int64).ravel()
