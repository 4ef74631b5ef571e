"""Two slopes, computed value by value: fewer bytes than a table."""

from __future__ import annotations

from tinyml_pipeline.compiler.kernel import Cost, Kernel
from tinyml_pipeline.compiler.lowering import Call, Lowering, Struct, in_place
from tinyml_pipeline.compiler.ops.leaky_relu import LeakyRelu
from tinyml_pipeline.compiler.target import Target


def _cost(op: LeakyRelu, target: Target) -> Cost:
    return Cost(cycles=28 * op.source.size, code_bytes=150)


def _lower(op: LeakyRelu, target: Target) -> Lowering:
    layer = Struct(
        "leaky_relu_s8",
        {
            "input_zero_point": op.input_zero_point,
            "positive_multiplier": op.positive[0],
            "positive_shift": op.positive[1],
            "negative_multiplier": op.negative[0],
            "negative_shift": op.negative[1],
            "output_zero_point": op.output_zero_point,
        },
    )
    call = Call("leaky_relu_s8", (layer, op.source, op.output, op.source.size))
    return Lowering((call,), f"alpha {op.alpha:g}", overlaps=in_place(op.output, op.source))


KERNEL = Kernel(LeakyRelu, "leaky_relu_s8", "leaky_relu/leaky_relu_s8.h", _cost, _lower)
