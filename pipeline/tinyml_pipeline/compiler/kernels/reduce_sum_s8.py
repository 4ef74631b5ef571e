"""SUM and MEAN along any axes in plain C."""

from __future__ import annotations

from tinyml_pipeline.compiler.kernel import Kernel
from tinyml_pipeline.compiler.kernels._reduction import describe_reduction, reduction_cost, reduction_struct
from tinyml_pipeline.compiler.lowering import Call, Lowering, Struct
from tinyml_pipeline.compiler.ops._reduce_sum import ReduceSum
from tinyml_pipeline.compiler.target import Target


def _lower(op: ReduceSum, target: Target) -> Lowering:
    struct = Struct(
        "reduce_sum_s8",
        {
            "axes": reduction_struct(op),
            "offset": op.count * op.input_zero_point,
            "multiplier": op.multiplier,
            "shift": op.shift,
            "output_zero_point": op.output_zero_point,
        },
    )
    return Lowering((Call("reduce_sum_s8", (struct, op.source, op.output)),), describe_reduction(op))


KERNEL = Kernel(ReduceSum, "reduce_sum_s8", "reduce/reduce_sum_s8.h", reduction_cost, _lower)
