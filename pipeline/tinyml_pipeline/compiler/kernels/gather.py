"""Runs of elements picked by tables of their places."""

from __future__ import annotations

import numpy as np

from tinyml_pipeline.compiler.dtypes import DType
from tinyml_pipeline.compiler.kernel import Cost, Kernel
from tinyml_pipeline.compiler.kernels._move import sources_of
from tinyml_pipeline.compiler.lowering import Call, FieldValue, Lowering, Struct, int_array
from tinyml_pipeline.compiler.ops._move import Gather
from tinyml_pipeline.compiler.target import Target


def _cost(op: Gather, target: Target) -> Cost:
    run = op.run * op.source.dtype.bytes
    return Cost(op.outer * len(op.rows) * len(op.columns) * (25 + run), code_bytes=120)


def _lower(op: Gather, target: Target) -> Lowering:
    size, (output,) = op.source.dtype.bytes, op.outputs
    fields: dict[str, FieldValue] = {
        "blocks": op.outer,
        "block_step": op.source.size // op.outer * size,
        "rows": len(op.rows),
        "columns": len(op.columns),
        "run": op.run * size,
        "row_starts": int_array("rows", DType.INT32, np.array(op.rows) * size, "Where rows begin, in bytes."),
        "column_starts": int_array("columns", DType.INT32, np.array(op.columns) * size, "Columns within a row."),
        "in_is_in_flash": int(op.source.is_constant),
    }
    source = sources_of([op.source])[op.source.index]
    return Lowering((Call("gather", (Struct("gather", fields), source, output)),))


KERNEL = Kernel(Gather, "gather", "gather/gather.h", _cost, _lower)
