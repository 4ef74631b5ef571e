"""A sum or difference of two tensors of one size as a linear form, with Helium (compiler/kernels/sum_linear_s8.py)."""

from __future__ import annotations

from tinyml_pipeline.compiler.kernel import Cost, Kernel
from tinyml_pipeline.compiler.kernels import sum_linear_s8
from tinyml_pipeline.compiler.kernels._binary import lower_binary
from tinyml_pipeline.compiler.lowering import Lowering
from tinyml_pipeline.compiler.ops._binary import Sum
from tinyml_pipeline.compiler.target import Isa, Target


def _refuses(op: Sum, target: Target) -> str | None:
    if op.broadcasts:
        return "an input is smaller than the output"
    return sum_linear_s8.KERNEL.refuses(op, target)


def _lower(op: Sum, target: Target) -> Lowering:
    return lower_binary(op, "sum_linear_mve", "sum_linear_s8", sum_linear_s8.linear_fields(op), op.activation)


KERNEL = Kernel(
    Sum,
    "sum_linear_mve_s8",
    "add/sum_linear_mve_s8.h",
    lambda op, target: Cost(cycles=3 * op.output.size, code_bytes=160),
    _lower,
    Isa.MVE,
    _refuses,
)
