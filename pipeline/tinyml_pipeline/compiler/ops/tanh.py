"""TANH: a table (kernel: firmware/kernels/lookup/lookup_s8.h)."""

from __future__ import annotations

from tinyml_pipeline.compiler.gemmlowp import tanh
from tinyml_pipeline.compiler.ops._lowering import Layer, Lowered
from tinyml_pipeline.compiler.ops._sigmoid import lower_sigmoid


def lower(layer: Layer) -> Lowered:
    return lower_sigmoid(layer, tanh, output_bits=7, zero_point=0, name="tanh")
