"""SLICE of up to 5 dimensions."""

from __future__ import annotations

from tinyml_pipeline.compiler.ops._context import OpContext
from tinyml_pipeline.compiler.ops._move import Move, moved
from tinyml_pipeline.compiler.ops._move_context import numbers, output_like, rank_up_to, source_of
from tinyml_pipeline.compiler.ops._view import View

_INDICES = ("INT32", "INT64")


def read(op: OpContext) -> Move:
    """A size of -1 reaches to the end."""
    source, output = source_of(op, ("INT8", "INT16", "INT32", "FLOAT32", "BOOL")), op.output()
    rank_up_to(op, source, 5)
    rank = len(source.shape)
    begins = numbers(op, 1, "begins", count=rank, types=_INDICES)
    sizes = numbers(op, 2, "sizes", count=rank, types=_INDICES)
    op.require(op.input(1).type == op.input(2).type, "begins and sizes of two types", "one type")
    view = View.whole(source)
    for axis, (begin, size, reach) in enumerate(zip(begins, sizes, source.shape, strict=True)):
        count = reach - begin if size == -1 else size
        inside = 0 <= begin <= begin + count <= reach and count >= 0
        op.require(inside, f"a slice from {begin} of size {size} along axis {axis}", f"indices from 0 to {reach - 1}")
        view = view.cut(axis, begin, count)
    output_like(op, source, output, view.shape)
    return moved(view, output)
