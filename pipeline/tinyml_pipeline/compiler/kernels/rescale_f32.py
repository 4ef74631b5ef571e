"""A DEQUANTIZE and the QUANTIZE that reads it, element by element in float."""

from __future__ import annotations

from tinyml_pipeline.compiler.kernel import Cost, Kernel
from tinyml_pipeline.compiler.kernels._elements import element_type, overlap
from tinyml_pipeline.compiler.lowering import Call, Lowering, Struct
from tinyml_pipeline.compiler.ops._requantize import FloatRequantize
from tinyml_pipeline.compiler.target import Target


def _cost(op: FloatRequantize, target: Target) -> Cost:
    return Cost(cycles=150 * op.source.size, code_bytes=700)


def _lower(op: FloatRequantize, target: Target) -> Lowering:
    layer = Struct(
        "rescale_f32",
        {
            "input_scale": op.given.scale,
            "output_scale": op.wanted.scale,
            "input_zero_point": op.given.zero_point,
            "output_zero_point": op.wanted.zero_point,
            "output_min": op.output.dtype.lowest,
            "output_max": op.output.dtype.highest,
            "input_type": element_type(op.source),
            "output_type": element_type(op.output),
        },
    )
    call = Call("rescale_f32", (layer, op.source, op.output, op.source.size))
    words = f"{op.source.dtype.c_type} to {op.output.dtype.c_type} in float32"
    return Lowering((call,), words, overlaps=overlap(op.source, op.output))


KERNEL = Kernel(FloatRequantize, "rescale_f32", "rescale/rescale_f32.h", _cost, _lower)
