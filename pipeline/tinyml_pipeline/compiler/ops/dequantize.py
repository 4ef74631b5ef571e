"""DEQUANTIZE: float32 belongs to the model's edge, where it becomes `model_dequantize_*` of the header."""

from __future__ import annotations

from tinyml_pipeline.compiler.ops._lowering import Layer, Lowered


def lower(layer: Layer) -> Lowered:
    raise layer.unsupported("float inside the model", "int8 to FLOAT32 straight to an output of the model")
