"""Between two stored values."""

from __future__ import annotations

from tinyml_pipeline.compiler.kernel import Cost, Kernel
from tinyml_pipeline.compiler.lowering import Call, Lowering, in_place
from tinyml_pipeline.compiler.ops.relu6 import Clamp
from tinyml_pipeline.compiler.target import Target


def _cost(op: Clamp, target: Target) -> Cost:
    return Cost(cycles=5 * op.source.size, code_bytes=30)


def _lower(op: Clamp, target: Target) -> Lowering:
    call = Call("relu6_s8", (op.source, op.output, op.source.size, op.lowest, op.highest))
    return Lowering((call,), overlaps=in_place(op.output, op.source))


KERNEL = Kernel(Clamp, "relu6_s8", "relu6/relu6_s8.h", _cost, _lower)
