"""UNPACK: one output for each index of an axis."""

from __future__ import annotations

from tinyml_pipeline.compiler.ops._context import OpContext
from tinyml_pipeline.compiler.ops._move import Move
from tinyml_pipeline.compiler.ops._move_context import axis_of, output_like, source_of
from tinyml_pipeline.compiler.ops._view import Copy, View


def read(op: OpContext) -> Move:
    source, outputs = source_of(op, ("INT8", "INT16", "INT32", "FLOAT32")), op.outputs
    axis = axis_of(op, op.option("axis", 0), len(source.shape))
    count = source.shape[axis]
    op.require(len(outputs) == count == op.option("num", 0),
               f"{len(outputs)} outputs and num {op.option('num', 0)}", f"{count}, as axis {axis} has")  # fmt: skip
    whole, shape = View.whole(source), source.shape
    copies = []
    for number, output in enumerate(outputs):
        output_like(op, source, output, (*shape[:axis], *shape[axis + 1 :]))
        copies.append(Copy(whole.cut(axis, number, 1), View.whole(output, (*shape[:axis], 1, *shape[axis + 1 :]))))
    return Move(outputs, tuple(copies))
