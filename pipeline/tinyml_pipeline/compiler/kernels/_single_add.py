"""Channels whose sums become outputs with one addition (firmware/kernels/common/requantize.h)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tinyml_pipeline.compiler.kernels._requantize import HIGHEST_SUM, LOWEST_SUM, Scale, needs_sign, single_add_scale
from tinyml_pipeline.compiler.ops._channels import Channels, IntArray
from tinyml_pipeline.compiler.ops._context import INT8_MAX, INT8_MIN


@dataclass(frozen=True, eq=False)
class SingleAdd:
    """One bias (the input's zero point folded in) and scale per channel.

    A channel of which `is_constant` holds has the same output whatever its inputs are: its bias is 0, its weights must
    be taken as 0, and its scale makes the output of nothing.
    """

    bias: IntArray
    scales: tuple[Scale, ...]
    is_constant: npt.NDArray[np.bool_]
    is_signed: bool
    reach: int
    """No input drives a sum beyond it, in either direction."""

    def live(self, rows: npt.NDArray[np.int8]) -> npt.NDArray[np.int8]:
        """Weights with the shape (channels, ...), zero where their channel is constant."""
        return np.where(np.expand_dims(self.is_constant, tuple(range(1, rows.ndim))), np.int8(0), rows)

    @property
    def constants(self) -> npt.NDArray[np.int8]:
        """The outputs of constant channels, and 0 for the others."""
        outputs = [scale.offset if one else 0 for scale, one in zip(self.scales, self.is_constant, strict=True)]
        return np.array(outputs, np.int8)

    def describe(self) -> str:
        """A sentence for a comment."""
        constant = int(self.is_constant.sum())
        found = f" {constant} channels are constant." if constant else ""
        return f"No input drives a sum beyond {self.reach}; up to {HIGHEST_SUM} is exact.{found}"


def single_add(channels: Channels) -> SingleAdd | str:
    """How every channel's sums are requantized with one addition, or why they cannot be."""
    if (channels.output_min, channels.output_max) != (INT8_MIN, INT8_MAX):
        return (
            f"outputs are clamped to {channels.output_min} to {channels.output_max}; only to {INT8_MIN} to {INT8_MAX}"
        )
    is_signed = needs_sign(channels.output_zero_point, channels.output_min)
    count = len(channels.bias)
    bias, scales, is_constant, reach = channels.bias.copy(), [], np.zeros(count, np.bool_), 0
    for channel in range(count):
        constant = _constant_output(channels, channel)
        scale = Scale(0, constant or 0, 0)
        if constant is None:
            lowest, highest = int(channels.lowest[channel]), int(channels.highest[channel])
            reach = max(reach, -lowest, highest)
            if lowest < LOWEST_SUM or highest > HIGHEST_SUM:
                return f"a sum reaches {reach}; at most {HIGHEST_SUM}"
            found = single_add_scale(*channels.pair(channel), channels.output_zero_point, signed=is_signed)
            if found is None:
                return "a scale shifts by more than one addition can round"
            scale = found
        else:
            bias[channel], is_constant[channel] = 0, True
        scales.append(scale)
    return SingleAdd(bias, tuple(scales), is_constant, is_signed, reach)


def _constant_output(channels: Channels, channel: int) -> int | None:
    """The output that all sums of a channel have in common, if there is one."""
    ends = (int(channels.lowest[channel]), int(channels.highest[channel]))
    lowest, highest = (channels.output(channel, sum_) for sum_ in ends)
    return lowest if lowest == highest else None
