"""RELU6 that is not fused into the layer before it (kernel: firmware/kernels/relu6/relu6_s8.h).

TFLM clamps the stored values between 0 and 6 in the input's quantization, and never looks at the output's.
"""

from __future__ import annotations

from tinyml_pipeline.compiler.ops._lowering import INT8_MAX, Call, Layer, Lowered, Value


def lower(layer: Layer) -> Lowered:
    source, given, _ = layer.elementwise()
    high = min(INT8_MAX, layer.quantized(6.0, given))
    arguments = (Value(source.index), Value(layer.operation.outputs[0]), source.size, given.zero_point, high)
    summary = f"relu6, {source.size} values"
    return Lowered(summary, "relu6", (Call("relu6_s8", arguments),), in_place=(source.index,))
