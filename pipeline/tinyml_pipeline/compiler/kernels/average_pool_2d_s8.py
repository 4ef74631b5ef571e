"""Any average pool in plain C, a channel after the other."""

from __future__ import annotations

from tinyml_pipeline.compiler.kernel import Kernel
from tinyml_pipeline.compiler.kernels._pool import lower_pool, pool_cost
from tinyml_pipeline.compiler.lowering import Lowering
from tinyml_pipeline.compiler.ops.average_pool_2d import AveragePool2D
from tinyml_pipeline.compiler.target import Target


def _lower(op: AveragePool2D, target: Target) -> Lowering:
    return lower_pool(op, "average_pool_2d_s8")


KERNEL = Kernel(AveragePool2D, "average_pool_2d_s8", "average_pool_2d/average_pool_2d_s8.h", pool_cost, _lower)
