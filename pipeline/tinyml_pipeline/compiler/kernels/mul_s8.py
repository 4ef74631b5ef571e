"""Products of two tensors."""

from __future__ import annotations

from tinyml_pipeline.compiler.kernel import Cost, Kernel
from tinyml_pipeline.compiler.kernels._binary import lower_binary
from tinyml_pipeline.compiler.lowering import Lowering
from tinyml_pipeline.compiler.ops.mul import Mul
from tinyml_pipeline.compiler.target import Target


def _cost(op: Mul, target: Target) -> Cost:
    return Cost(cycles=35 * op.output.size, code_bytes=200)


def _lower(op: Mul, target: Target) -> Lowering:
    return lower_binary(
        op,
        "mul",
        "mul_s8",
        {
            "first_zero_point": op.first_zero_point,
            "second_zero_point": op.second_zero_point,
            "output_zero_point": op.output_zero_point,
            "multiplier": op.multiplier,
            "shift": op.shift,
            "output_min": op.output_min,
            "output_max": op.output_max,
        },
        op.activation,
    )


KERNEL = Kernel(Mul, "mul_s8", "mul/mul_s8.h", _cost, _lower)
