"""REDUCE_MAX along any axes in plain C."""

from __future__ import annotations

from tinyml_pipeline.compiler.kernel import Kernel
from tinyml_pipeline.compiler.kernels._reduction import lower_extreme, reduction_cost
from tinyml_pipeline.compiler.lowering import Lowering
from tinyml_pipeline.compiler.ops.reduce_max import ReduceMax
from tinyml_pipeline.compiler.target import Target


def _lower(op: ReduceMax, target: Target) -> Lowering:
    return lower_extreme(op, "reduce_max_s8")


KERNEL = Kernel(ReduceMax, "reduce_max_s8", "reduce/reduce_max_s8.h", reduction_cost, _lower)
