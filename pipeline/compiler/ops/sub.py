"""SUB of two int8 tensors (kernel: firmware/kernels/sub.h)."""

from __future__ import annotations

from pipeline.compiler.ops._lowering import Layer, Lowered
from pipeline.compiler.ops._sum import lower_sum


def lower(layer: Layer) -> Lowered:
    return lower_sum(layer, "sub", "subtract")
