"""SPACE_TO_DEPTH: blocks of pixels become channels."""

from __future__ import annotations

from tinyml_pipeline.compiler.ops._context import OpContext
from tinyml_pipeline.compiler.ops._move import Move, moved
from tinyml_pipeline.compiler.ops._move_context import output_like, rank_up_to, source_of
from tinyml_pipeline.compiler.ops._view import View


def read(op: OpContext) -> Move:
    source, output = source_of(op, ("INT8", "FLOAT32")), op.output()
    rank_up_to(op, source, 4, 4)
    block = op.option("block_size", 0)
    batch, height, width, depth = source.shape
    op.require(block > 0 and height % block == 0 and width % block == 0,
               f"block size {block} on {height} x {width}", "a size that divides height and width")  # fmt: skip
    output_like(op, source, output, (batch, height // block, width // block, depth * block * block))
    view = View.whole(source, (batch, height // block, block, width // block, block, depth))
    return moved(view.transposed((0, 1, 3, 2, 4, 5)), output)
