"""ADD and SUB: both inputs on a common scale, 20 bits finer than the coarser one."""

from __future__ import annotations

from tinyml_pipeline.compiler.fixed_point import quantize_multiplier
from tinyml_pipeline.compiler.ops._elementwise import lower_elementwise, operands
from tinyml_pipeline.compiler.ops._lowering import Layer, Lowered, Struct

_LEFT_SHIFT = 20


def lower_sum(layer: Layer, function: str, name: str) -> Lowered:
    """Ratios in double. Older TFLM libraries divide in float for SUB; the pinned one does not."""
    (first, second), wanted = operands(layer)
    twice_larger = 2 * max(first.scale, second.scale)
    reals = first.scale / twice_larger, second.scale / twice_larger, twice_larger / (2**_LEFT_SHIFT * wanted.scale)
    pairs = [quantize_multiplier(real) if real < 2 else (0, 1) for real in reals]
    layer.require(pairs[2][1] <= 0, f"an output scale of {wanted.scale:g}", "more than 2^-19 of the larger input scale")
    low, high = layer.activation_range(wanted)
    fields: dict[str, int | str] = {}
    for prefix, (multiplier, shift), quantization in zip(
        ("first", "second", "output"), pairs, (first, second, wanted), strict=True
    ):
        fields[f"{prefix}_zero_point"] = quantization.zero_point
        fields[f"{prefix}_multiplier"] = multiplier
        fields[f"{prefix}_shift"] = shift
    fields |= {"output_min": low, "output_max": high}
    return lower_elementwise(layer, function, Struct("add_s8", fields), name)
