"""Quotients of two tensors: a reciprocal per element."""

from __future__ import annotations

from tinyml_pipeline.compiler.kernel import Cost, Kernel
from tinyml_pipeline.compiler.kernels._binary import lower_product
from tinyml_pipeline.compiler.ops.div import Div
from tinyml_pipeline.compiler.target import Target


def _cost(op: Div, target: Target) -> Cost:
    return Cost(cycles=200 * op.output.size, code_bytes=450)


KERNEL = Kernel(Div, "div_s8", "div/div_s8.h", _cost, lambda op, target: lower_product(op, "div"))
