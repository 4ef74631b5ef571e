"""QUANTIZE from int8 to int8: another scale (kernel: firmware/kernels/rescale/rescale_s8.h).

From float32 it belongs to the model's edge: there it becomes `model_quantize_*` of the header.
"""

from __future__ import annotations

from tinyml_pipeline.compiler.ops._lowering import Layer, Lowered
from tinyml_pipeline.compiler.ops._rescale import FULL_RANGE, lower_rescale


def lower(layer: Layer) -> Lowered:
    kind = layer.input(0).type
    layer.require(kind == "INT8", f"an input of type {kind}", "INT8, or FLOAT32 straight from an input of the model")
    source, given, wanted = layer.elementwise()
    ratio = given.scale / wanted.scale
    return lower_rescale(layer, source, (given, wanted), ratio, FULL_RANGE, f"requantize, {source.size} values")
