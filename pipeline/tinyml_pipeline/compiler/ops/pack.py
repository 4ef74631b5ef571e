"""PACK: tensors of one shape joined along a new axis."""

from __future__ import annotations

from tinyml_pipeline.compiler.ops._context import OpContext
from tinyml_pipeline.compiler.ops._move import Move
from tinyml_pipeline.compiler.ops._move_context import axis_of, output_like, source_of
from tinyml_pipeline.compiler.ops._view import Copy, View


def read(op: OpContext) -> Move:
    output, count = op.output(), len(op.operation.inputs)
    op.require(count > 0 and op.option("values_count", 0) == count,
               f"values_count {op.option('values_count', 0)}", f"{count}, the number of inputs")  # fmt: skip
    parts = [
        source_of(op, ("INT8", "INT16", "INT32", "INT64", "FLOAT32"), position=position) for position in range(count)
    ]
    shape = parts[0].shape
    axis = axis_of(op, op.option("axis", 0), len(shape) + 1)
    for part in parts:
        op.require(part.type == parts[0].type, f"{part.type} next to {parts[0].type}", "one type")
        op.require(part.shape == shape, f"{list(part.shape)} next to {list(shape)}", "one shape")
    output_like(op, parts[0], output, (*shape[:axis], count, *shape[axis:]))
    whole = View.whole(output)
    return Move(
        (output,),
        tuple(
            Copy(View.whole(part, (*shape[:axis], 1, *shape[axis:])), whole.cut(axis, number, 1))
            for number, part in enumerate(parts)
        ),
    )
