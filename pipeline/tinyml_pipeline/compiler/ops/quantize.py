"""QUANTIZE between int8, uint8, int16 and int32, in the pairs that TFLM has.

From float32 it belongs to the model's edge, where it becomes `model_quantize_*` of the header, or ends an island of
float operators that a DEQUANTIZE begins (passes/float_islands.py).
"""

from __future__ import annotations

from tinyml_pipeline.compiler.dtypes import DType
from tinyml_pipeline.compiler.fixed_point import quantize_multiplier
from tinyml_pipeline.compiler.ops._context import OpContext
from tinyml_pipeline.compiler.ops._requantize import FROM, Requantize, require_room
from tinyml_pipeline.compiler.ops._rescale import Rescale
from tinyml_pipeline.compiler.ops._unary import FULL_RANGE, multiplier_of


def read(op: OpContext) -> Rescale | Requantize:
    source, output = op.activation(0), op.output()
    known = ", ".join(dtype.value for dtype in FROM)
    op.require(
        source.type in known.split(", "),
        f"an input of type {source.type}",
        f"{known}, or FLOAT32 straight from an input of the model",
    )
    given = op.quantization(source, "an input", source.dtype)
    wanted = op.quantization(output, "an output", *FROM[source.dtype])
    size = source.size
    op.require(size == output.size > 0, f"an output of {output.size} values", f"{size}, as the input")
    ratio = given.scale / wanted.scale
    if source.dtype is output.dtype is DType.INT8:
        multiplier, shift = multiplier_of(op, ratio)
        return Rescale(source, output, multiplier, shift, given.zero_point, wanted.zero_point, *FULL_RANGE)
    op.require(ratio < 2**30, f"a ratio of scales of {ratio:g}", "ratios below 2^30")
    multiplier, shift = quantize_multiplier(ratio)
    require_room(op, source, given, wanted.zero_point, (multiplier, shift))
    return Requantize(source, output, multiplier, shift, given.zero_point, wanted.zero_point)
