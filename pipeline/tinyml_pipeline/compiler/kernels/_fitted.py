"""Requantization in two instructions: constants that are searched, and checked at every threshold of the outputs.

    out = saturate((high32(fine * multiplier) + offset) >> shift)

`fine` is a multiple of the channel's sum plus a constant, and `shift` one number for a whole layer, so that it can be
part of an instruction. The offset may instead be part of where the sum starts:

    out = saturate(high32(fine * multiplier + start * multiplier) >> shift)

TFLM's output grows with the sum, and so does this: both are equal for every reachable sum if
both take each of the at most 255 steps between the same two sums.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from tinyml_pipeline.compiler.fixed_point import INT32_MAX, INT32_MIN
from tinyml_pipeline.compiler.ops._channels import Channels, IntArray
from tinyml_pipeline.compiler.ops._context import INT8_MAX, INT8_MIN

_MOST_TRIES = 2000


class Fit(NamedTuple):
    multiplier: int
    offset: int


class Fits(NamedTuple):
    """One for each channel that was asked for, by its number, with a shift in common."""

    shift: int
    channels: dict[int, Fit]


class Steps(NamedTuple):
    """Of one channel over its reachable sums: `firsts` are the least sums whose output is `outputs` or above."""

    outputs: IntArray
    firsts: IntArray
    lowest: int
    highest: int
    least: int
    """The output of the lowest sum."""

    @property
    def most(self) -> int:
        return self.least + len(self.outputs)


def fit_all(
    channels: Channels, numbers: IntArray, scale: int, starts: IntArray, shifts: tuple[int, ...]
) -> Fits | None:
    """For fine = scale * (sum + start), the first of the shifts for which every channel has constants."""
    found = {number: steps_of(channels, number) for number in numbers.tolist()}
    for shift in shifts:
        fits: dict[int, Fit] = {}
        for number, steps in found.items():
            one = None if steps is None else fit(steps, channels.real(number), scale, int(starts[number]), shift)
            if one is None:
                break
            fits[number] = one
        else:
            return Fits(shift, fits)
    return None


def fit_starts(channels: Channels, numbers: IntArray, scale: int, shift: int) -> dict[int, Fit] | None:
    """For fine = scale * sum, offsets that are part of where sums start; None if some channel has no such constants."""
    fits: dict[int, Fit] = {}
    for number in numbers.tolist():
        steps = steps_of(channels, number)
        one = None if steps is None else _fit_start(steps, channels.real(number), scale, shift)
        if one is None:
            return None
        fits[number] = one
    return fits


def steps_of(channels: Channels, channel: int) -> Steps | None:
    """None if a scaled sum wraps."""
    lowest, highest = int(channels.lowest[channel]), int(channels.highest[channel])
    least, most = channels.output(channel, lowest), channels.output(channel, highest)
    if least is None or most is None:
        return None
    outputs = np.arange(least + 1, most + 1)
    below, above = np.full(len(outputs), lowest), np.full(len(outputs), highest)  # outputs at `above` suffice
    while (above - below > 1).any():
        middle = (below + above) >> 1
        enough = _outputs(channels, channel, middle) >= outputs
        below, above = np.where(enough, below, middle), np.where(enough, middle, above)
    return Steps(outputs, above, lowest, highest, least)


def _outputs(channels: Channels, channel: int, sums: IntArray) -> IntArray:
    """Channels.output() of many sums, none of which wraps."""
    multiplier, shift = channels.pair(channel)
    product = ((sums << max(shift, 0)) * multiplier + 2**30) >> 31
    right = max(-shift, 0)
    half = 1 << right >> 1
    scaled = (product + half - ((product < 0) & (right > 0))) >> right
    found: IntArray = np.clip(scaled + channels.output_zero_point, channels.output_min, channels.output_max)
    return found


def fit(steps: Steps, real: float, scale: int, start: int, shift: int) -> Fit | None:
    """Constants for fine = scale * (sum + start), nearest to the exact ratio `real` first."""
    exact = real * 2.0 ** (32 + shift) / scale
    if exact > INT32_MAX:
        return None
    ends = np.array([steps.lowest, steps.highest]) + start
    if abs(ends).max() * scale > INT32_MAX:
        return None
    for multiplier in _near(exact):
        found = _offset(steps, multiplier, scale, start, shift)
        if found is not None:
            return Fit(multiplier, found)
    return None


def _fit_start(steps: Steps, real: float, scale: int, shift: int) -> Fit | None:
    exact = real * 2.0 ** (32 + shift) / scale
    if exact > INT32_MAX:
        return None
    for multiplier in _near(exact):
        # The least fine sums whose outputs are these, and one more than the highest.
        least, beyond = (-((-(int(one) << 32 + shift)) // multiplier) for one in (steps.least, steps.most + 1))
        needed = -((-(steps.outputs << 32 + shift)) // multiplier)
        low = [int((needed - scale * steps.firsts).max(initial=-(2**40)))]
        top = [int((needed - 1 - scale * (steps.firsts - 1)).min(initial=2**40))]
        if steps.least > INT8_MIN:
            low.append(least - scale * steps.lowest)
        if steps.most < INT8_MAX:
            top.append(beyond - 1 - scale * steps.highest)
        start = (max(low) + min(top)) // 2
        ends = scale * steps.lowest + start, scale * steps.highest + start
        if max(low) <= min(top) and ends[0] >= INT32_MIN and ends[1] <= INT32_MAX and abs(start) <= INT32_MAX:
            return Fit(multiplier, start)
    return None


def _near(exact: float) -> Iterator[int]:
    """Multipliers from the nearest on."""
    for number in range(_MOST_TRIES):
        multiplier = round(exact) + (number + 1) // 2 * (1 if number % 2 else -1)
        if 0 < multiplier <= INT32_MAX:
            yield multiplier


def _offset(steps: Steps, multiplier: int, scale: int, start: int, shift: int) -> int | None:
    """One that makes every step where it has to be, or None."""

    def high(sums: IntArray) -> IntArray:
        return ((sums + start) * scale * multiplier) >> 32

    lows, highs = steps.outputs << shift, (steps.outputs << shift) - 1
    low = [int((lows - high(steps.firsts)).max(initial=INT32_MIN))]
    top = [int((highs - high(steps.firsts - 1)).min(initial=INT32_MAX))]
    ends = high(np.array([steps.lowest, steps.highest]))
    if steps.least > INT8_MIN:
        low.append((steps.least << shift) - int(ends[0]))
    if steps.most < INT8_MAX:
        top.append((steps.most + 1 << shift) - 1 - int(ends[1]))
    if max(low) > min(top):
        return None
    offset = (max(low) + min(top)) // 2
    safe = INT32_MIN <= offset <= INT32_MAX and ends[0] + offset >= INT32_MIN and ends[1] + offset <= INT32_MAX
    return offset if safe else None
