"""Products of two tensors."""

from __future__ import annotations

from tinyml_pipeline.compiler.kernel import Cost, Kernel
from tinyml_pipeline.compiler.kernels._binary import lower_product
from tinyml_pipeline.compiler.ops.mul import Mul
from tinyml_pipeline.compiler.target import Target


def _cost(op: Mul, target: Target) -> Cost:
    return Cost(cycles=35 * op.output.size, code_bytes=200)


KERNEL = Kernel(Mul, "mul_s8", "mul/mul_s8.h", _cost, lambda op, target: lower_product(op, "mul"))
