"""Tensors joined by copying their rows, one call for each."""

from __future__ import annotations

from tinyml_pipeline.compiler.dtypes import DType
from tinyml_pipeline.compiler.kernel import Cost, Kernel
from tinyml_pipeline.compiler.lowering import Array, At, Call, Lowering
from tinyml_pipeline.compiler.ops.concatenation import Concatenation
from tinyml_pipeline.compiler.target import Target


def _cost(op: Concatenation, target: Target) -> Cost:
    return Cost(cycles=2 * op.output.size + 20 * op.rows * len(op.parts), code_bytes=40)


def _lower(op: Concatenation, target: Target) -> Lowering:
    calls, offset, row = [], 0, op.output.size // op.rows
    for number, part in enumerate(op.parts):
        width = part.size // op.rows
        if width and part.is_constant:
            array = Array(f"part_{number}", DType.INT8, part.values)
            calls.append(Call("copy_flash_rows_s8", (array, width, At(op.output, offset), row, op.rows)))
        elif width:
            calls.append(Call("copy_rows_s8", (part, width, At(op.output, offset), row, op.rows)))
        offset += width
    return Lowering(tuple(calls))


KERNEL = Kernel(Concatenation, "copy_rows_s8", "copy_rows/copy_rows_s8.h", _cost, _lower)
