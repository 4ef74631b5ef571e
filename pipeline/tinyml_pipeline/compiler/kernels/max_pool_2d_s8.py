"""Any max pool in plain C, a channel after the other."""

from __future__ import annotations

from tinyml_pipeline.compiler.kernel import Kernel
from tinyml_pipeline.compiler.kernels._pool import lower_pool, pool_cost
from tinyml_pipeline.compiler.lowering import Lowering
from tinyml_pipeline.compiler.ops.max_pool_2d import MaxPool2D
from tinyml_pipeline.compiler.target import Target


def _lower(op: MaxPool2D, target: Target) -> Lowering:
    return lower_pool(op, "max_pool_2d_s8")


KERNEL = Kernel(MaxPool2D, "max_pool_2d_s8", "max_pool_2d/max_pool_2d_s8.h", pool_cost, _lower)
