"""The larger of two stored values each."""

from __future__ import annotations

from tinyml_pipeline.compiler.kernel import Cost, Kernel
from tinyml_pipeline.compiler.kernels._binary import lower_binary
from tinyml_pipeline.compiler.lowering import Lowering
from tinyml_pipeline.compiler.ops.maximum import Maximum
from tinyml_pipeline.compiler.target import Target


def _cost(op: Maximum, target: Target) -> Cost:
    return Cost(cycles=10 * op.output.size, code_bytes=80)


def _lower(op: Maximum, target: Target) -> Lowering:
    return lower_binary(op, "maximum", "maximum_s8", {}, "NONE")


KERNEL = Kernel(Maximum, "maximum_s8", "maximum/maximum_s8.h", _cost, _lower)
