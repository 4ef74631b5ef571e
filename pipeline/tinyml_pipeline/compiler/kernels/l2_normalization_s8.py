"""L2_NORMALIZATION in plain C."""

from __future__ import annotations

from tinyml_pipeline.compiler.kernel import Cost, Kernel
from tinyml_pipeline.compiler.lowering import Call, Lowering, in_place
from tinyml_pipeline.compiler.ops.l2_normalization import L2Normalization
from tinyml_pipeline.compiler.target import Target


def _cost(op: L2Normalization, target: Target) -> Cost:
    return Cost(cycles=40 * op.output.size + 300 * op.rows, code_bytes=550)


def _lower(op: L2Normalization, target: Target) -> Lowering:
    call = Call("l2_normalization_s8", (op.zero_point, op.source, op.output, op.rows, op.depth))
    return Lowering((call,), f"{op.rows} of {op.depth} values", overlaps=in_place(op.output, op.source))


KERNEL = Kernel(L2Normalization, "l2_normalization_s8", "l2_normalization/l2_normalization_s8.h", _cost, _lower)
