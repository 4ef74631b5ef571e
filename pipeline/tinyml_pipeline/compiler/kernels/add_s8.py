"""Sums of two tensors with different scales."""

from __future__ import annotations

from tinyml_pipeline.compiler.kernel import Kernel
from tinyml_pipeline.compiler.kernels._binary import lower_sum, sum_cost
from tinyml_pipeline.compiler.ops.add import Add

KERNEL = Kernel(Add, "add_s8", "add/add_s8.h", sum_cost, lambda op, target: lower_sum(op, "add"))
