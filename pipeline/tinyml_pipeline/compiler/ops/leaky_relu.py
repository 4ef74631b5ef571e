"""LEAKY_RELU: two slopes (kernel: firmware/kernels/leaky_relu/leaky_relu_s8.h)."""

from __future__ import annotations

from tinyml_pipeline.compiler.fixed_point import multiply_by_quantized_multiplier
from tinyml_pipeline.compiler.ops._lowering import Call, Layer, Lowered, Struct, Value
from tinyml_pipeline.compiler.ops._rescale import multiplier_of
from tinyml_pipeline.compiler.ops._table import lower_to_table, saturated


def lower(layer: Layer) -> Lowered:
    source, given, wanted = layer.elementwise()
    alpha = float(layer.option("alpha", 0.0))
    layer.require(0 <= alpha < 2**30, f"alpha {alpha:g}", "0 and above")
    positive = multiplier_of(layer, given.scale / wanted.scale)
    negative = multiplier_of(layer, given.scale * alpha / wanted.scale)

    def answer(stored: int) -> int:
        value = stored - given.zero_point
        scaled = multiply_by_quantized_multiplier(value, *(positive if value >= 0 else negative))
        return saturated(scaled + wanted.zero_point)

    summary = f"leaky relu, alpha {alpha:g}, {source.size} values"
    if layer.target.optimize == "speed":
        return lower_to_table(layer, source, summary, answer)
    parameters = Struct(
        "leaky_relu_s8",
        {
            "input_zero_point": given.zero_point,
            "positive_multiplier": positive[0],
            "positive_shift": positive[1],
            "negative_multiplier": negative[0],
            "negative_shift": negative[1],
            "output_zero_point": wanted.zero_point,
        },
    )
    arguments = (parameters, Value(source.index), Value(layer.operation.outputs[0]), source.size)
    return Lowered(summary, "leaky_relu", (Call("leaky_relu_s8", arguments),), in_place=(source.index,))
