"""What readers of data movement check: types, shapes, and operands that have to be known when the model is compiled."""

from __future__ import annotations

from collections.abc import Sequence

from tinyml_pipeline.compiler.graph import Tensor
from tinyml_pipeline.compiler.ops._context import OpContext


def source_of(op: OpContext, types: Sequence[str], *, position: int = 0) -> Tensor:
    """The tensor whose elements move; constant or not, of one of these types, with at least one element."""
    tensor = op.input(position)
    op.require(tensor.type in types, f"an input of type {tensor.type}", " or ".join(types))
    op.require(tensor.size > 0, f"an input of shape {list(tensor.shape)}", "at least one value")
    return tensor


def output_like(op: OpContext, source: Tensor, output: Tensor, shape: Sequence[int]) -> None:
    """Refuses an output of another type than the source's, another shape, or no element."""
    op.require(output.type == source.type, f"an output of type {output.type}", f"{source.type}, as the input")
    op.shape_of(output, tuple(shape), "an output")
    op.require(output.size > 0, f"an output of shape {list(shape)}", "at least one value")


def numbers(
    op: OpContext, position: int, what: str, *, count: int | None = None, types: Sequence[str] = ("INT32",),
    in_file: bool = False,
) -> list[int]:  # fmt: skip
    """A constant operand such as `what`, 'paddings'; of `count` numbers, if given.

    `in_file`: TFLM reads it before the first inference, so that it takes neither a computed constant nor an empty one.
    """
    tensor = op.input(position)
    computed = not tensor.is_constant or (in_file and tensor.is_folded)
    op.require(not computed, f"{what} that the model computes", f"constant {what}")
    op.require(tensor.size > 0 or not in_file, f"{what} without a number", "at least one")
    op.require(tensor.type in types, f"{what} of type {tensor.type}", " or ".join(types))
    if count is not None:
        op.require(tensor.size == count, f"{tensor.size} numbers as {what}", f"{count}")
    return [int(value) for value in tensor.values.ravel()]


def axis_of(op: OpContext, axis: int, rank: int) -> int:
    """A possibly negative axis as one from 0 to rank - 1."""
    op.require(-rank <= axis < rank, f"axis {axis} of {rank}", "an axis of the input")
    return axis % rank


def rank_up_to(op: OpContext, tensor: Tensor, most: int, least: int = 0) -> None:
    rank = len(tensor.shape)
    wanted = f"{most}" if least == most else f"up to {most}" if least == 0 else f"{least} to {most}"
    op.require(least <= rank <= most, f"an input of {rank} dimensions", wanted)
