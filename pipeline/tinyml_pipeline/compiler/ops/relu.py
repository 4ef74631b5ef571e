"""RELU that is not fused into the layer before it (kernel: firmware/kernels/rescale/rescale_s8.h)."""

from __future__ import annotations

from tinyml_pipeline.compiler.ops._lowering import INT8_MAX, INT8_MIN, Layer, Lowered
from tinyml_pipeline.compiler.ops._rescale import lower_rescale


def lower(layer: Layer) -> Lowered:
    source, given, wanted = layer.elementwise()
    ratio = given.scale / wanted.scale
    bounds = max(INT8_MIN, wanted.zero_point), INT8_MAX
    return lower_rescale(layer, source, (given, wanted), ratio, bounds, f"relu, {source.size} values")
