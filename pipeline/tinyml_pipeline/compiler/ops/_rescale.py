"""A change of scale with a clamp: RELU and QUANTIZE (kernel: firmware/kernels/rescale/rescale_s8.h)."""

from __future__ import annotations

from tinyml_pipeline.compiler.fixed_point import (
    multiply_by_quantized_multiplier,
    quantize_multiplier,
    zero_point_fits,
)
from tinyml_pipeline.compiler.graph import Quantization, Tensor
from tinyml_pipeline.compiler.ops._lowering import INT8_MAX, INT8_MIN, Call, Layer, Lowered, Struct, Value
from tinyml_pipeline.compiler.ops._table import lower_to_table

FULL_RANGE = (INT8_MIN, INT8_MAX)


def multiplier_of(layer: Layer, ratio: float, *, reach: int = 255) -> tuple[int, int]:
    """A ratio of scales in fixed point, for sums of at most `reach`; refused where the product leaves 32 bits."""
    layer.require(ratio < 2**30, f"a ratio of scales of {ratio:g}", "ratios below 2^30")
    multiplier, shift = quantize_multiplier(ratio)
    fits = zero_point_fits(-reach, reach, multiplier, shift)
    layer.require(fits, f"a ratio of scales of {ratio:g}", "ratios whose products fit in 32 bits")
    return multiplier, shift


def lower_rescale(
    layer: Layer,
    source: Tensor,
    quantizations: tuple[Quantization, Quantization],
    ratio: float,
    bounds: tuple[int, int],
    summary: str,
) -> Lowered:
    """out = clamp(ratio * (in - input zero point) + output zero point); a table where speed is asked for."""
    given, wanted = quantizations
    multiplier, shift = multiplier_of(layer, ratio)
    low, high = bounds

    def answer(stored: int) -> int:
        scaled = multiply_by_quantized_multiplier(stored - given.zero_point, multiplier, shift)
        return min(max(scaled + wanted.zero_point, low), high)

    if layer.target.optimize == "speed":
        return lower_to_table(layer, source, summary, answer)
    parameters = Struct(
        "rescale_s8",
        {
            "input_zero_point": given.zero_point,
            "multiplier": multiplier,
            "shift": shift,
            "output_zero_point": wanted.zero_point,
            "output_min": low,
            "output_max": high,
        },
    )
    arguments = (parameters, Value(source.index), Value(layer.operation.outputs[0]), source.size)
    return Lowered(summary, "rescale", (Call("rescale_s8", arguments),), in_place=(source.index,))
