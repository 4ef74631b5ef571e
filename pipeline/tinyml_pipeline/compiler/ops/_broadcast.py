"""How two tensors are stretched to one shape: loops over the output, as few as possible."""

from __future__ import annotations

from typing import NamedTuple

from tinyml_pipeline.compiler.ops._context import OpContext

Shape = tuple[int, ...]
MOST_LOOPS = 6  # of firmware/kernels/common/binary.h; tensors have no more dimensions (compiler/soundness.py)


class Loop(NamedTuple):
    """`turns` of it; with each, an input moves on by its step, 0 if its elements repeat."""

    turns: int
    first_step: int
    second_step: int


def broadcast_shape(op: OpContext, first: Shape, second: Shape) -> Shape:
    """The shape that both are stretched to; refused if they do not fit each other."""
    rank = max(len(first), len(second))
    pairs = list(zip(_extended(first, rank), _extended(second, rank), strict=True))
    op.require(all(a == b or 1 in (a, b) for a, b in pairs), f"broadcasting {list(first)} with {list(second)}",
               "sizes that are equal or 1")  # fmt: skip
    return tuple(b if a == 1 else a for a, b in pairs)


def broadcast_loops(first: Shape, second: Shape) -> tuple[Loop, ...]:
    """The loops over the output of two shapes that fit, the outermost first; none if the output is one element.

    Dimensions of one size and those where the same inputs move on together are one loop.
    """
    rank = max(len(first), len(second))
    loops: list[Loop] = []
    first_step = second_step = 1
    for a, b in reversed(list(zip(_extended(first, rank), _extended(second, rank), strict=True))):
        turns = max(a, b)
        if turns > 1:
            loop = Loop(turns, first_step if a > 1 else 0, second_step if b > 1 else 0)
            if loops and _moves(loops[-1]) == _moves(loop):
                loops[-1] = Loop(loops[-1].turns * turns, loops[-1].first_step, loops[-1].second_step)
            else:
                loops.append(loop)
        first_step, second_step = first_step * a, second_step * b
    return tuple(reversed(loops))


def _extended(shape: Shape, rank: int) -> Shape:
    return (1,) * (rank - len(shape)) + shape


def _moves(loop: Loop) -> tuple[bool, bool]:
    return loop.first_step > 0, loop.second_step > 0
