"""ARG_MAX and ARG_MIN, one comparison per value."""

from __future__ import annotations

from tinyml_pipeline.compiler.kernel import Cost, Kernel
from tinyml_pipeline.compiler.lowering import Call, Lowering
from tinyml_pipeline.compiler.ops._arg import Arg
from tinyml_pipeline.compiler.target import Target


def _cost(op: Arg, target: Target) -> Cost:
    return Cost(cycles=8 * op.source.size, code_bytes=80)


def _lower(op: Arg, target: Target) -> Lowering:
    outer = op.source.size // (op.count * op.stride)
    call = Call("arg_max_s8", (op.source, op.output, outer, op.count, op.stride, int(op.greatest)))
    return Lowering((call,))


KERNEL = Kernel(Arg, "arg_max_s8", "arg_max/arg_max_s8.h", _cost, _lower)
