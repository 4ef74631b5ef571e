"""A sum or difference as one linear form, whose constants are searched and checked on all pairs of inputs."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from tinyml_pipeline.compiler.fixed_point import INT32_MAX, multiply_by_quantized_multiplier
from tinyml_pipeline.compiler.kernel import Cost, Kernel
from tinyml_pipeline.compiler.kernels._binary import lower_binary
from tinyml_pipeline.compiler.lowering import FieldValue, Lowering
from tinyml_pipeline.compiler.ops._binary import Sum
from tinyml_pipeline.compiler.ops._context import INT8_MAX, INT8_MIN
from tinyml_pipeline.compiler.ops.sub import Sub
from tinyml_pipeline.compiler.target import Target

IntArray = npt.NDArray[np.int64]
Scale = tuple[int, int]

_LEFT_SHIFT = 20
"""ADD_LEFT_SHIFT of firmware/kernels/add/add_s8.h."""
_FARTHEST = 24
"""How far from the exact ratios factors are tried."""


class Linear(NamedTuple):
    """out = (first_factor * first + second_factor * second + offset) >> shift, before the clamp."""

    first_factor: int
    second_factor: int
    offset: int
    shift: int


class SumScales(NamedTuple):
    """What a sum's outputs depend on."""

    first: Scale
    second: Scale
    output: Scale
    sign: int
    zero_points: tuple[int, int, int]
    clamp: tuple[int, int]


def _refuses(op: Sum, target: Target) -> str | None:
    return None if find_linear(scales_of(op)) else "no linear form gives every output"


def _lower(op: Sum, target: Target) -> Lowering:
    return lower_binary(op, "sum_linear", "sum_linear_s8", linear_fields(op), op.activation)


def linear_fields(op: Sum) -> dict[str, FieldValue]:
    """Of struct sum_linear_s8, for a sum that the kernel accepts."""
    linear = find_linear(scales_of(op))
    assert linear is not None, "the kernel did not refuse"
    return {**linear._asdict(), "output_min": op.output_min, "output_max": op.output_max}


def scales_of(op: Sum) -> SumScales:
    zero_points = op.first_zero_point, op.second_zero_point, op.output_zero_point
    sign = -1 if isinstance(op, Sub) else 1
    clamp = op.output_min, op.output_max
    return SumScales(op.first_scale, op.second_scale, op.output_scale, sign, zero_points, clamp)


@lru_cache(maxsize=256)
def find_linear(scales: SumScales) -> Linear | None:
    """Factors nearest to the exact ratios first; any that gives every one of the 65,536 outputs will do."""
    ratios = [
        _real(scale) * 2.0**_LEFT_SHIFT * _real(scales.output) * sign
        for scale, sign in ((scales.first, 1), (scales.second, scales.sign))
    ]
    # As fine as lets the largest sum of products fit half of 32 bits.
    shift = 23 - int(np.ceil(np.log2(max(sum(map(abs, ratios)), 1.0))))
    if shift < 1:
        return None
    form = _Form(_outputs(scales), shift, scales.clamp)
    first, second = (round(ratio * 2**shift) for ratio in ratios)
    steps = range(-_FARTHEST, _FARTHEST + 1)
    for first_step, second_step in sorted(((a, b) for a in steps for b in steps), key=lambda pair: max(map(abs, pair))):
        factors = first + first_step, second + second_step
        offset = form.offset(*factors)
        if offset is not None and 128 * sum(map(abs, factors)) + abs(offset) <= INT32_MAX:
            return Linear(*factors, offset, shift)
    return None


class _Form:
    """What is asked of an offset: for each pair of inputs, that a linear form is not below the output, nor above."""

    def __init__(self, outputs: IntArray, shift: int, clamp: tuple[int, int]) -> None:
        values = np.arange(INT8_MIN, INT8_MAX + 1)
        self._first, self._second = np.repeat(values, 256), np.tile(values, 256)
        below = outputs.ravel() << shift
        self._lowest = np.where(outputs.ravel() > clamp[0], below, -(2**40))
        self._highest = np.where(outputs.ravel() < clamp[1], below + (1 << shift) - 1, 2**40)
        self._hardest = np.array([0])

    def offset(self, first: int, second: int) -> int | None:
        """One that holds for all pairs, or None. Those that ruled out other factors are asked first."""
        if self._bounds(first, second, self._hardest) is None:
            return None
        every = slice(None)
        bounds = self._bounds(first, second, every)
        if bounds is None:
            products = first * self._first + second * self._second
            pairs = np.argmax(self._lowest - products), np.argmin(self._highest - products)
            self._hardest = np.append(self._hardest, pairs)
            return None
        return sum(bounds) // 2

    def _bounds(self, first: int, second: int, pairs: IntArray | slice) -> tuple[int, int] | None:
        products = first * self._first[pairs] + second * self._second[pairs]
        lowest, highest = (self._lowest[pairs] - products).max(), (self._highest[pairs] - products).min()
        return (int(lowest), int(highest)) if lowest <= highest else None


def _real(scale: Scale) -> float:
    multiplier, shift = scale
    return float(multiplier * 2.0 ** (shift - 31))


def _outputs(scales: SumScales) -> IntArray:
    """As add_s8() and sub_s8() compute them: (first, second) for all int8 inputs."""
    scaled = [
        np.array([
            multiply_by_quantized_multiplier((value - zero_point) << _LEFT_SHIFT, *scale)
            for value in range(INT8_MIN, INT8_MAX + 1)
        ])
        for scale, zero_point in ((scales.first, scales.zero_points[0]), (scales.second, scales.zero_points[1]))
    ]  # fmt: skip
    sums = scaled[0][:, None] + scales.sign * scaled[1]
    multiplier, shift = scales.output
    product = (sums * multiplier + 2**30) >> 31
    half = 1 << -shift >> 1
    rounded = (product + half - ((product < 0) & (shift < 0))) >> -shift
    clamped: npt.NDArray[Any] = np.clip(rounded + scales.zero_points[2], *scales.clamp)
    return clamped.astype(np.int64)


KERNEL = Kernel(
    Sum,
    "sum_linear_s8",
    "add/sum_linear_s8.h",
    lambda op, target: Cost(cycles=14 * op.output.size, code_bytes=200),
    _lower,
    refuses=_refuses,
)
