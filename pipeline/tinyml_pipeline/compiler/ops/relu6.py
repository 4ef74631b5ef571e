"""RELU6 that is not fused into the operator before it.

TFLM clamps the stored values between 0 and 6 in the input's quantization, and never looks at the output's.
"""

from __future__ import annotations

from dataclasses import dataclass

from tinyml_pipeline.compiler.ops._context import INT8_MAX, OpContext
from tinyml_pipeline.compiler.ops._unary import Unary


@dataclass(frozen=True, eq=False)
class Clamp(Unary):
    """Stored values between `lowest` and `highest`."""

    lowest: int
    highest: int

    def answer(self, stored: int) -> int:
        return min(max(stored, self.lowest), self.highest)


def read(op: OpContext) -> Clamp:
    source, given, _ = op.elementwise()
    return Clamp(source, op.output(), given.zero_point, min(INT8_MAX, op.quantized(6.0, given)))
