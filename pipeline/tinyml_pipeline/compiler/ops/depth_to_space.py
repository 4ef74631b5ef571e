"""DEPTH_TO_SPACE: channels become blocks of pixels."""

from __future__ import annotations

from tinyml_pipeline.compiler.ops._context import OpContext
from tinyml_pipeline.compiler.ops._move import Move, moved
from tinyml_pipeline.compiler.ops._move_context import output_like, rank_up_to, source_of
from tinyml_pipeline.compiler.ops._view import View


def read(op: OpContext) -> Move:
    source, output = source_of(op, ("INT8", "FLOAT32")), op.output()
    rank_up_to(op, source, 4, 4)
    block = op.option("block_size", 0)
    batch, height, width, channels = source.shape
    op.require(block > 0 and channels % (block * block) == 0,
               f"block size {block} with {channels} channels", "a square that divides the channels")  # fmt: skip
    depth = channels // (block * block)
    output_like(op, source, output, (batch, height * block, width * block, depth))
    view = View.whole(source, (batch, height, width, block, block, depth))
    return moved(view.transposed((0, 1, 3, 2, 4, 5)), output)
