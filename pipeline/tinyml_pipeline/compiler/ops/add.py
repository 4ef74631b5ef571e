"""ADD of two int8 tensors (kernel: firmware/kernels/add/add_s8.h)."""

from __future__ import annotations

from tinyml_pipeline.compiler.ops._lowering import Layer, Lowered
from tinyml_pipeline.compiler.ops._sum import lower_sum


def lower(layer: Layer) -> Lowered:
    return lower_sum(layer, "add", "add")
