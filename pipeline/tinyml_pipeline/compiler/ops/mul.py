"""MUL of two int8 tensors (kernel: firmware/kernels/mul/mul_s8.h)."""

from __future__ import annotations

from tinyml_pipeline.compiler.ops._elementwise import lower_elementwise, operands
from tinyml_pipeline.compiler.ops._lowering import Layer, Lowered, Struct
from tinyml_pipeline.compiler.ops._rescale import multiplier_of


def lower(layer: Layer) -> Lowered:
    (first, second), wanted = operands(layer)
    multiplier, shift = multiplier_of(layer, first.scale * second.scale / wanted.scale, reach=255 * 255)
    low, high = layer.activation_range(wanted)
    fields: dict[str, int | str] = {
        "first_zero_point": first.zero_point,
        "second_zero_point": second.zero_point,
        "output_zero_point": wanted.zero_point,
        "multiplier": multiplier,
        "shift": shift,
        "output_min": low,
        "output_max": high,
    }
    return lower_elementwise(layer, "mul", Struct("mul_s8", fields), "multiply")
