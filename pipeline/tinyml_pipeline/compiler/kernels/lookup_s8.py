"""A unary operator as a table of its 256 answers."""

from __future__ import annotations

from tinyml_pipeline.compiler.dtypes import DType
from tinyml_pipeline.compiler.kernel import Cost, Kernel
from tinyml_pipeline.compiler.lowering import Array, Call, Lowering, in_place
from tinyml_pipeline.compiler.ops._unary import Unary
from tinyml_pipeline.compiler.target import Target


def _cost(op: Unary, target: Target) -> Cost:
    return Cost(cycles=6 * op.source.size, code_bytes=20)


def _lower(op: Unary, target: Target) -> Lowering:
    table = Array("table", DType.INT8, op.table(), "The answers for -128, -127, ... 127.")
    call = Call("lookup_s8", (table, op.source, op.output, op.source.size))
    return Lowering((call,), op.details, overlaps=in_place(op.output, op.source))


KERNEL = Kernel(Unary, "lookup_s8", "lookup/lookup_s8.h", _cost, _lower)
