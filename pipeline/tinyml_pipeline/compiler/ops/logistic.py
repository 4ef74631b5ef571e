"""LOGISTIC, the sigmoid: a table (kernel: firmware/kernels/lookup/lookup_s8.h)."""

from __future__ import annotations

from tinyml_pipeline.compiler.gemmlowp import logistic
from tinyml_pipeline.compiler.ops._lowering import INT8_MIN, Layer, Lowered
from tinyml_pipeline.compiler.ops._sigmoid import lower_sigmoid


def lower(layer: Layer) -> Lowered:
    zero_point = layer.quantization(layer.output(), "an output").zero_point
    layer.require(zero_point == INT8_MIN, f"an output zero point of {zero_point}", "-128")
    return lower_sigmoid(layer, logistic, output_bits=8, zero_point=INT8_MIN, name="logistic")
