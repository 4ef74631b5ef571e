"""Every searched constant of a model's requantization, at every sum that its layer can reach, against TFLM's steps.

    python -m tests.exhaustive_scales model.tflite ...

Whatever the compiler finds for Cortex-M4, for size, balanced and speed, is noted as it is found: multipliers and
offsets of layers that requantize in two instructions, and the linear forms of sums. TFLM's outputs are computed as
gemmlowp's C computes them, the kernels' as theirs does, both apart from the search.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import patch

import numpy as np
import numpy.typing as npt
from tinyml_pipeline.compiler.fixed_point import INT32_MAX, INT32_MIN
from tinyml_pipeline.compiler.graph import Graph
from tinyml_pipeline.compiler.kernels import _fitted, sum_linear_s8
from tinyml_pipeline.compiler.kernels._fitted import Fit, Steps
from tinyml_pipeline.compiler.kernels.sum_linear_s8 import Linear, SumScales
from tinyml_pipeline.compiler.ops._channels import Channels
from tinyml_pipeline.compiler.program import make_program
from tinyml_pipeline.compiler.read_tflite import read_tflite
from tinyml_pipeline.compiler.target import CYCLES_PER_BYTE, find_target
from tinyml_pipeline.host.interpreters.one_operation import run_operation

IntArray = npt.NDArray[np.int64]
_SUMS_AT_ONCE = 1 << 18
_ADD_LEFT_SHIFT = 20


@dataclass(frozen=True, eq=False)
class Found:
    """Constants of one channel; `start` is None where the offset is part of where the sum starts."""

    channels: Channels
    channel: int
    scale: int
    start: int | None
    shift: int
    fit: Fit

    @property
    def sums(self) -> int:
        return int(self.channels.highest[self.channel] - self.channels.lowest[self.channel]) + 1

    def wrong(self) -> int:
        """At how many of all reachable sums the kernel's output is not TFLM's."""
        lowest, highest = (int(ends[self.channel]) for ends in (self.channels.lowest, self.channels.highest))
        return sum(
            self._wrong(np.arange(first, min(first + _SUMS_AT_ONCE, highest + 1)))
            for first in range(lowest, highest + 1, _SUMS_AT_ONCE)
        )

    def _wrong(self, sums: IntArray) -> int:
        channels = self.channels
        scaled = scaled_as_gemmlowp(sums, *channels.pair(self.channel)) + channels.output_zero_point
        wanted = np.clip(scaled, channels.output_min, channels.output_max)
        offset = self.fit.offset
        fine = self.scale * (sums + self.start) if self.start is not None else self.scale * sums + offset
        high = fine * self.fit.multiplier >> 32
        made = np.clip((high + (offset if self.start is not None else 0)) >> self.shift, -128, 127)
        fits = (fine >= INT32_MIN) & (fine <= INT32_MAX)
        return int(np.count_nonzero((made != wanted) | ~fits))


def scaled_as_gemmlowp(values: IntArray, multiplier: int, shift: int) -> IntArray:
    """MultiplyByQuantizedMultiplier(): SaturatingRoundingDoublingHighMul(), then RoundingDivideByPOT()."""
    product = (values << max(shift, 0)) * multiplier
    nudged = product + np.where(product >= 0, 1 << 30, 1 - (1 << 30))
    high = np.sign(nudged) * (np.abs(nudged) >> 31)  # C divides towards 0
    mask = (1 << max(-shift, 0)) - 1
    scaled: IntArray = (high >> max(-shift, 0)) + ((high & mask) > (mask >> 1) + (high < 0))
    return scaled


def wrong_pairs(scales: SumScales, linear: Linear) -> int:
    """Of all 65,536 pairs of inputs, those whose sum is not TFLM's."""
    values = np.arange(-128, 128)
    first, second = (
        scaled_as_gemmlowp((values - zero_point) << _ADD_LEFT_SHIFT, *scale)
        for scale, zero_point in zip((scales.first, scales.second), scales.zero_points[:2], strict=True)
    )
    sums = first[:, None] + scales.sign * second
    wanted = np.clip(scaled_as_gemmlowp(sums, *scales.output) + scales.zero_points[2], *scales.clamp)
    products = linear.first_factor * values[:, None] + linear.second_factor * values + linear.offset
    return int(np.count_nonzero(np.clip(products >> linear.shift, *scales.clamp) != wanted))


@dataclass
class Record:
    """What was found while models were compiled; the same constants are noted once for each search."""

    fits: list[Found] = field(default_factory=list)
    sums: dict[SumScales, Linear] = field(default_factory=dict)


@contextmanager
def recording() -> Iterator[Record]:
    """Notes what searches return."""
    record, of = Record(), dict[int, tuple[Steps, Channels, int]]()
    steps_of, fit, fit_start, find = _fitted.steps_of, _fitted.fit, _fitted._fit_start, sum_linear_s8.find_linear

    def noted_steps(channels: Channels, channel: int) -> Steps | None:
        steps = steps_of(channels, channel)
        if steps is not None:
            of[id(steps)] = steps, channels, channel
        return steps

    def note(steps: Steps, scale: int, start: int | None, shift: int, found: Fit | None) -> Fit | None:
        if found is not None:
            _, channels, channel = of[id(steps)]
            record.fits.append(Found(channels, channel, scale, start, shift, found))
        return found

    def noted_fit(steps: Steps, real: float, scale: int, start: int, shift: int) -> Fit | None:
        return note(steps, scale, start, shift, fit(steps, real, scale, start, shift))

    def noted_fit_start(steps: Steps, real: float, scale: int, shift: int) -> Fit | None:
        return note(steps, scale, None, shift, fit_start(steps, real, scale, shift))

    def noted_linear(scales: SumScales) -> Linear | None:
        linear = find(scales)
        if linear is not None:
            record.sums[scales] = linear
        return linear

    with ExitStack() as stack:
        for module, name, function in (
            (_fitted, "steps_of", noted_steps),
            (_fitted, "fit", noted_fit),
            (_fitted, "_fit_start", noted_fit_start),
            (sum_linear_s8, "find_linear", noted_linear),
        ):
            stack.enter_context(patch.object(module, name, function))
        yield record


def found_for(graph: Graph) -> Record:
    """By the compiler, for Cortex-M4; each constant once."""
    with recording() as record:
        for optimize in CYCLES_PER_BYTE:
            make_program(graph, find_target("cortex-m4", optimize), evaluate=run_operation)
    once = {}
    for one in record.fits:
        numbers = one.channels
        sums = int(numbers.lowest[one.channel]), int(numbers.highest[one.channel]), numbers.pair(one.channel)
        once[sums, one.scale, one.start, one.shift, one.fit, numbers.output_zero_point] = one
    return Record(list(once.values()), record.sums)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+", type=Path)
    total = 0
    for path in parser.parse_args().models:
        record = found_for(read_tflite(path.read_bytes()))
        wrong = sum(one.wrong() for one in record.fits)
        wrong += sum(wrong_pairs(scales, linear) for scales, linear in record.sums.items())
        sums = sum(one.sums for one in record.fits)
        counts = f"{len(record.fits):,} channels at {sums:,} sums, {len(record.sums)} additions at 65,536 pairs"
        print(f"{path}: {counts}: {wrong:,} wrong", flush=True)
        total += wrong
    return 1 if total else 0


if __name__ == "__main__":
    sys.exit(main())
