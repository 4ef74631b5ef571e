"""What SPLIT and SPLIT_V have in common: the outputs lie next to each other along one axis of the input."""

from __future__ import annotations

from tinyml_pipeline.compiler.graph import Tensor
from tinyml_pipeline.compiler.ops._context import OpContext
from tinyml_pipeline.compiler.ops._move import Move
from tinyml_pipeline.compiler.ops._move_context import axis_of, numbers, output_like, source_of
from tinyml_pipeline.compiler.ops._view import Copy, View

TYPES = ("INT8", "INT16", "INT32", "FLOAT32")


def read_split(op: OpContext, source_position: int, axis_position: int, *, equal: bool) -> Move:
    source, outputs = source_of(op, TYPES, position=source_position), op.outputs
    (given,) = numbers(op, axis_position, "axis", count=1, in_file=True)
    axis = axis_of(op, given, len(source.shape))
    count = op.option("num_splits", 0)
    op.require(len(outputs) == count > 0, f"num_splits {count}", f"{len(outputs)}, the number of outputs")
    sizes = _sizes(op, source, outputs, axis, equal=equal)
    whole, first, copies = View.whole(source), 0, []
    for output, size in zip(outputs, sizes, strict=True):
        output_like(op, source, output, (*source.shape[:axis], size, *source.shape[axis + 1 :]))
        copies.append(Copy(whole.cut(axis, first, size), View.whole(output)))
        first += size
    return Move(outputs, tuple(copies))


def _sizes(op: OpContext, source: Tensor, outputs: tuple[Tensor, ...], axis: int, *, equal: bool) -> list[int]:
    """Along the axis, as TFLM takes them: from the outputs' shapes."""
    size = source.shape[axis]
    if equal:
        op.require(size % len(outputs) == 0, f"{size} values split in {len(outputs)}", "equal parts")
        return [size // len(outputs)] * len(outputs)
    for output in outputs:
        op.require(len(output.shape) == len(source.shape), f"an output of {len(output.shape)} dimensions",
                   f"{len(source.shape)}, as the input")  # fmt: skip
    sizes = [output.shape[axis] for output in outputs]
    op.require(sum(sizes) == size, f"parts of {', '.join(map(str, sizes))} along axis {axis}", f"{size} in all")
    return sizes
