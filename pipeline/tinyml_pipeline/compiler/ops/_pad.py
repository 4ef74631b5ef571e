"""What PAD, PADV2 and MIRROR_PAD have in common: how many elements stand before and behind each axis."""

from __future__ import annotations

from tinyml_pipeline.compiler.graph import Tensor
from tinyml_pipeline.compiler.ops._context import OpContext
from tinyml_pipeline.compiler.ops._move import Move
from tinyml_pipeline.compiler.ops._move_context import numbers, output_like, rank_up_to, source_of
from tinyml_pipeline.compiler.ops._view import Copy, View

TYPES = ("INT8", "INT16", "INT32")


def paddings_of(
    op: OpContext, source: Tensor, types: tuple[str, ...] = ("INT32",), *, in_file: bool = True
) -> list[tuple[int, int]]:
    """Before and behind each axis; checked against the output's shape. `in_file`: see `numbers`."""
    rank_up_to(op, source, 5)
    given = numbers(op, 1, "paddings", count=2 * len(source.shape), types=types, in_file=in_file)
    op.require(min(given, default=0) >= 0, f"a padding of {min(given, default=0)}", "0 and above")
    pairs = list(zip(given[::2], given[1::2], strict=True))
    shape = [before + size + after for size, (before, after) in zip(source.shape, pairs, strict=True)]
    output_like(op, source, op.output(), shape)
    return pairs


def padded(op: OpContext, source: Tensor, value: int) -> Move:
    output = op.output()
    view = View.whole(output)
    pairs = paddings_of(op, source)
    for axis, (before, _) in enumerate(pairs):
        view = view.cut(axis, before, source.shape[axis])
    fill = value if any(map(any, pairs)) else None
    return Move((output,), (Copy(View.whole(source), view),), fill)


def source_to_pad(op: OpContext) -> Tensor:
    return source_of(op, TYPES)
