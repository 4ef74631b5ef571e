"""Operators that map each int8 value to another, whatever its place: all of them can be a table of 256 bytes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tinyml_pipeline.compiler.fixed_point import quantize_multiplier, zero_point_fits
from tinyml_pipeline.compiler.graph import Tensor
from tinyml_pipeline.compiler.op import Op
from tinyml_pipeline.compiler.ops._context import INT8_MAX, INT8_MIN, OpContext

FULL_RANGE = (INT8_MIN, INT8_MAX)


@dataclass(frozen=True, eq=False)
class Unary(Op):
    """One int8 tensor to another of the same size. A subclass has its numbers, and `answer`."""

    source: Tensor
    output: Tensor

    @property
    def details(self) -> str:
        """Words for the layer's comment."""
        return ""

    def answer(self, stored: int) -> int:
        """The stored output for a stored input, -128 to 127."""
        raise NotImplementedError

    def table(self) -> npt.NDArray[np.int8]:
        """The answers for -128, -127, ... 127."""
        return np.array([self.answer(stored) for stored in range(INT8_MIN, INT8_MAX + 1)], np.int8)


def saturated(value: int) -> int:
    return min(max(value, INT8_MIN), INT8_MAX)


def multiplier_of(op: OpContext, ratio: float, *, reach: int = 255) -> tuple[int, int]:
    """A ratio of scales in fixed point, for sums of at most `reach`; refused if the product leaves 32 bits."""
    op.require(ratio < 2**30, f"a ratio of scales of {ratio:g}", "ratios below 2^30")
    multiplier, shift = quantize_multiplier(ratio)
    fits = zero_point_fits(-reach, reach, multiplier, shift)
    op.require(fits, f"a ratio of scales of {ratio:g}", "ratios whose products fit in 32 bits")
    return multiplier, shift
