"""What the kernels of reductions share: struct reduction of firmware/kernels/common/reduction.h."""

from __future__ import annotations

from tinyml_pipeline.compiler.kernel import Cost
from tinyml_pipeline.compiler.lowering import Call, Lowering, Struct
from tinyml_pipeline.compiler.ops._reduction import Reduction
from tinyml_pipeline.compiler.target import Target


def reduction_cost(op: Reduction, target: Target) -> Cost:
    return Cost(cycles=15 * op.source.size + 80 * op.output.size, code_bytes=300)


def reduction_struct(op: Reduction) -> Struct:
    names = ("kept0", "reduced0", "kept1", "reduced1", "kept2", "reduced2")
    return Struct("reduction", dict(zip(names, op.runs, strict=True)))


def describe_reduction(op: Reduction) -> str:
    return f"{op.source.size} values to {op.output.size}"


def lower_extreme(op: Reduction, function: str) -> Lowering:
    return Lowering((Call(function, (reduction_struct(op), op.source, op.output)),), describe_reduction(op))
