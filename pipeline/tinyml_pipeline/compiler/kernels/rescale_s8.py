"""A change of scale, computed value by value: fewer bytes than a table."""

from __future__ import annotations

from tinyml_pipeline.compiler.kernel import Cost, Kernel
from tinyml_pipeline.compiler.lowering import Call, Lowering, Struct, in_place
from tinyml_pipeline.compiler.ops._rescale import Rescale
from tinyml_pipeline.compiler.target import Target


def _cost(op: Rescale, target: Target) -> Cost:
    return Cost(cycles=25 * op.source.size, code_bytes=120)


def _lower(op: Rescale, target: Target) -> Lowering:
    layer = Struct(
        "rescale_s8",
        {
            "input_zero_point": op.input_zero_point,
            "multiplier": op.multiplier,
            "shift": op.shift,
            "output_zero_point": op.output_zero_point,
            "output_min": op.output_min,
            "output_max": op.output_max,
        },
    )
    call = Call("rescale_s8", (layer, op.source, op.output, op.source.size))
    return Lowering((call,), overlaps=in_place(op.output, op.source))


KERNEL = Kernel(Rescale, "rescale_s8", "rescale/rescale_s8.h", _cost, _lower)
