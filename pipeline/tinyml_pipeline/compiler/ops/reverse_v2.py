"""REVERSE_V2 along axes that follow each other."""

from __future__ import annotations

from tinyml_pipeline.compiler.ops._context import OpContext
from tinyml_pipeline.compiler.ops._move import Move, moved
from tinyml_pipeline.compiler.ops._move_context import (
    axis_of,
    numbers,
    output_like,
    rank_up_to,
    source_of,
)
from tinyml_pipeline.compiler.ops._view import View


def read(op: OpContext) -> Move:
    source, output = source_of(op, ("INT8", "UINT8", "INT16", "INT32", "INT64", "FLOAT32", "BOOL")), op.output()
    rank_up_to(op, source, 5)
    rank = len(source.shape)
    given = numbers(op, 1, "axes")
    op.require(len(op.input(1).shape) == 1, f"axes of shape {list(op.input(1).shape)}", "a vector")
    axes = sorted(axis_of(op, axis, rank) for axis in given)
    follow = axes == list(range(axes[0], axes[0] + len(axes))) if axes else False
    op.require(follow, f"reversing the axes {given}", "axes that follow each other, each once")
    view = View.whole(source)
    for axis in axes:
        view = view.cut(axis, source.shape[axis] - 1, source.shape[axis], -1)
    output_like(op, source, output, source.shape)
    return moved(view, output)
