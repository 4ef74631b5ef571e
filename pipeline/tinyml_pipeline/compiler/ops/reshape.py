"""RESHAPE: the same bytes under another shape; costs nothing."""

from __future__ import annotations

from tinyml_pipeline.compiler.ops._lowering import Layer, Lowered


def lower(layer: Layer) -> Lowered:
    source, output = layer.activation(0), layer.output()
    layer.require(source.type == output.type == "INT8", f"{source.type} to {output.type}", "INT8 to INT8")
    layer.require(source.size == output.size > 0, f"{source.size} to {output.size} values", "as many values as before")
    return Lowered("reshape", alias=True)
