"""What SPACE_TO_BATCH_ND and BATCH_TO_SPACE_ND have in common: blocks of one or two dimensions, and their edges."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

from tinyml_pipeline.compiler.graph import Tensor
from tinyml_pipeline.compiler.ops._context import OpContext
from tinyml_pipeline.compiler.ops._move_context import numbers, rank_up_to, source_of


@dataclass(frozen=True)
class Blocks:
    """A tensor without width is taken as one of width 1, in blocks of width 1, as TFLM does."""

    source: Tensor
    block: tuple[int, int]
    edges: tuple[tuple[int, int], tuple[int, int]]
    """Paddings or crops, before and behind, of height and width."""

    @property
    def source_shape(self) -> tuple[int, int, int, int]:
        """Batches, height, width, channels."""
        shape = self.source.shape
        return (shape[0], shape[1], shape[2] if len(shape) == 4 else 1, shape[-1])

    @property
    def count(self) -> int:
        return self.block[0] * self.block[1]

    @property
    def places(self) -> list[tuple[int, int]]:
        """Row and column within a block, in the order of the batches."""
        return list(product(range(self.block[0]), range(self.block[1])))

    def as_given(self, shape: Sequence[int]) -> tuple[int, ...]:
        """A shape of four dimensions with as many as the source has."""
        return tuple(shape) if len(self.source.shape) == 4 else (shape[0], shape[1], shape[3])


@dataclass(frozen=True)
class Range:
    """`count` indices of the coarse side from `coarse` on; the fine side's begin with `fine` and step by the block."""

    coarse: int
    fine: int
    count: int


def inside(block: int, shift: int, coarse_size: int, fine_size: int) -> Range:
    """The coarse indices i for which i * block + shift lies inside of the fine side."""
    first = max(-(shift // block), 0)
    behind = min((fine_size - 1 - shift) // block + 1, coarse_size)
    return Range(first, first * block + shift, max(behind - first, 0))


def blocks_of(op: OpContext, edges: str) -> Blocks:
    """`edges` names the third operand: paddings or crops."""
    source = source_of(op, ("INT8", "FLOAT32"))
    rank_up_to(op, source, 4, 3)
    space = len(source.shape) - 2
    block = numbers(op, 1, "a block shape", count=space)
    op.require(min(block) > 0, f"a block shape of {block}", "sizes above 0")
    pairs = numbers(op, 2, edges, count=2 * space)
    op.require(min(pairs) >= 0, f"{edges} of {min(pairs)}", "0 and above")
    first, second = (pairs[0], pairs[1]), (pairs[2], pairs[3]) if space == 2 else (0, 0)
    return Blocks(source, (block[0], block[1] if space == 2 else 1), (first, second))
