"""REDUCE_MIN along any axes in plain C."""

from __future__ import annotations

from tinyml_pipeline.compiler.kernel import Kernel
from tinyml_pipeline.compiler.kernels._reduction import lower_extreme, reduction_cost
from tinyml_pipeline.compiler.lowering import Lowering
from tinyml_pipeline.compiler.ops.reduce_min import ReduceMin
from tinyml_pipeline.compiler.target import Target


def _lower(op: ReduceMin, target: Target) -> Lowering:
    return lower_extreme(op, "reduce_min_s8")


KERNEL = Kernel(ReduceMin, "reduce_min_s8", "reduce/reduce_min_s8.h", reduction_cost, _lower)
