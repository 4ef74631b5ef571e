"""QUANTIZE between two integer types, element by element."""

from __future__ import annotations

from tinyml_pipeline.compiler.kernel import Cost, Kernel
from tinyml_pipeline.compiler.kernels._elements import element_type, overlap
from tinyml_pipeline.compiler.lowering import Call, Lowering, Struct
from tinyml_pipeline.compiler.ops._requantize import Requantize
from tinyml_pipeline.compiler.target import Target


def _cost(op: Requantize, target: Target) -> Cost:
    return Cost(cycles=40 * op.source.size, code_bytes=220)


def _lower(op: Requantize, target: Target) -> Lowering:
    layer = Struct(
        "rescale_elements",
        {
            "input_zero_point": op.input_zero_point,
            "multiplier": op.multiplier,
            "output_zero_point": op.output_zero_point,
            "shift": op.shift,
            "input_type": element_type(op.source),
            "output_type": element_type(op.output),
        },
    )
    call = Call("rescale_elements", (layer, op.source, op.output, op.source.size))
    words = f"{op.source.dtype.c_type} to {op.output.dtype.c_type}"
    return Lowering((call,), words, overlaps=overlap(op.source, op.output))


KERNEL = Kernel(Requantize, "rescale_elements", "rescale/rescale_elements.h", _cost, _lower)
