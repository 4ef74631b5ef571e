"""ELU: x for x >= 0, exp(x) - 1 below."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from tinyml_pipeline.compiler.ops._context import OpContext
from tinyml_pipeline.compiler.ops._unary import Unary, saturated


@dataclass(frozen=True, eq=False)
class Elu(Unary):
    """In float32, as TFLM fills its own table; exp is rounded correctly, as glibc's is but for one value in thousands.

    Formula: tensorflow/lite/micro/kernels/elu.cc.
    """

    input_scale: float
    input_zero_point: int
    output_scale: float
    output_zero_point: int

    def answer(self, stored: int) -> int:
        real = np.float32(self.input_scale) * np.float32(stored - self.input_zero_point)
        value = real if real >= 0 else np.float32(math.exp(float(real))) - np.float32(1)
        with np.errstate(over="ignore"):
            steps = float(value * (np.float32(1) / np.float32(self.output_scale)))
        if not abs(steps) < 2**23:
            return saturated(int(math.copysign(2**23, steps)))
        return saturated(int(math.copysign(math.floor(abs(steps) + 0.5), steps)) + self.output_zero_point)


def read(op: OpContext) -> Elu:
    source, given, wanted = op.elementwise()
    reach = 255 * given.scale / wanted.scale
    op.require(reach < 2**30, f"a ratio of scales of {given.scale / wanted.scale:g}", "ratios below 2^22")
    return Elu(source, op.output(), given.scale, given.zero_point, wanted.scale, wanted.zero_point)
