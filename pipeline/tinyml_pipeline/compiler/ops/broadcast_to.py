"""BROADCAST_TO up to 5 dimensions."""

from __future__ import annotations

from tinyml_pipeline.compiler.ops._context import OpContext
from tinyml_pipeline.compiler.ops._move import Move, moved
from tinyml_pipeline.compiler.ops._move_context import numbers, output_like, source_of
from tinyml_pipeline.compiler.ops._view import View


def read(op: OpContext) -> Move:
    source, output = source_of(op, ("INT8", "UINT8", "INT16", "INT32", "INT64", "FLOAT32", "BOOL")), op.output()
    shape = tuple(numbers(op, 1, "shape", types=("INT32", "INT64"), in_file=True))
    op.require(len(op.input(1).shape) == 1, f"a shape of shape {list(op.input(1).shape)}", "a vector")
    op.require(len(shape) <= 5, f"an output of {len(shape)} dimensions", "up to 5")
    fits = len(source.shape) <= len(shape) and all(
        size in (1, wanted) for size, wanted in zip(source.shape[::-1], shape[::-1], strict=False)
    )
    op.require(fits, f"broadcasting {list(source.shape)} to {list(shape)}", "equal sizes, or 1")
    output_like(op, source, output, shape)
    return moved(View.whole(source).broadcast(shape), output)
