"""The smaller of two stored values each."""

from __future__ import annotations

from tinyml_pipeline.compiler.kernel import Cost, Kernel
from tinyml_pipeline.compiler.kernels._binary import lower_binary
from tinyml_pipeline.compiler.lowering import Lowering
from tinyml_pipeline.compiler.ops.minimum import Minimum
from tinyml_pipeline.compiler.target import Target


def _cost(op: Minimum, target: Target) -> Cost:
    return Cost(cycles=10 * op.output.size, code_bytes=80)


def _lower(op: Minimum, target: Target) -> Lowering:
    return lower_binary(op, "minimum", "maximum_s8", {}, "NONE")


KERNEL = Kernel(Minimum, "minimum_s8", "minimum/minimum_s8.h", _cost, _lower)
