"""TRANSPOSE of up to 5 dimensions."""

from __future__ import annotations

from tinyml_pipeline.compiler.ops._context import OpContext
from tinyml_pipeline.compiler.ops._move import Move, moved
from tinyml_pipeline.compiler.ops._move_context import numbers, output_like, rank_up_to, source_of
from tinyml_pipeline.compiler.ops._view import View


def read(op: OpContext) -> Move:
    source, output = source_of(op, ("INT8", "INT16", "FLOAT32")), op.output()
    rank_up_to(op, source, 5)
    axes = numbers(op, 1, "axes", count=len(source.shape), in_file=True)
    op.require(len(op.input(1).shape) == 1, f"axes of shape {list(op.input(1).shape)}", "a vector")
    op.require(sorted(axes) == list(range(len(axes))), f"the order of axes {axes}", "each axis once")
    view = View.whole(source).transposed(axes)
    output_like(op, source, output, view.shape)
    return moved(view, output)
