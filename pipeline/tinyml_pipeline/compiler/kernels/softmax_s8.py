"""Softmax over rows: exponentials from a table, one division per row."""

from __future__ import annotations

from tinyml_pipeline.compiler.dtypes import DType
from tinyml_pipeline.compiler.kernel import Cost, Kernel
from tinyml_pipeline.compiler.lowering import Call, Lowering, in_place, int_array
from tinyml_pipeline.compiler.ops.softmax import Softmax
from tinyml_pipeline.compiler.target import Target


def _cost(op: Softmax, target: Target) -> Cost:
    return Cost(cycles=40 * op.source.size, code_bytes=400)


def _lower(op: Softmax, target: Target) -> Lowering:
    table = int_array("exp", DType.INT32, op.exponentials, "exp(0), exp(-1 step), ... as fractions of 2^31.")
    rows = op.source.size // op.depth
    call = Call("softmax_s8", (table, len(op.exponentials), op.source, op.output, rows, op.depth))
    return Lowering((call,), overlaps=in_place(op.output, op.source))


KERNEL = Kernel(Softmax, "softmax_s8", "softmax/softmax_s8.h", _cost, _lower)
