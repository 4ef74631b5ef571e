"""Log-softmax over rows: exponentials from a table, one logarithm per row."""

from __future__ import annotations

from tinyml_pipeline.compiler.dtypes import DType
from tinyml_pipeline.compiler.kernel import Cost, Kernel
from tinyml_pipeline.compiler.lowering import Call, FieldValue, Lowering, Struct, in_place, int_array
from tinyml_pipeline.compiler.ops.log_softmax import LogSoftmax
from tinyml_pipeline.compiler.target import Target


def _cost(op: LogSoftmax, target: Target) -> Cost:
    return Cost(cycles=45 * op.source.size + 400 * (op.source.size // op.depth), code_bytes=900)


def _lower(op: LogSoftmax, target: Target) -> Lowering:
    fields: dict[str, FieldValue] = {
        "exp": int_array("exp", DType.INT32, op.exponentials, "exp(0), exp(-1 step), ... in steps of 2^-19."),
        "exp_count": len(op.exponentials),
        "multiplier": op.scale[0],
        "shift": op.scale[1],
        "inverse_multiplier": op.inverse_scale[0],
        "inverse_shift": op.inverse_scale[1],
        "lowest_difference": op.lowest_difference,
    }
    arguments = (Struct("log_softmax_s8", fields), op.source, op.output, op.source.size // op.depth, op.depth)
    return Lowering((Call("log_softmax_s8", arguments),), overlaps=in_place(op.output, op.source))


KERNEL = Kernel(LogSoftmax, "log_softmax_s8", "log_softmax/log_softmax_s8.h", _cost, _lower)
