"""SPACE_TO_BATCH_ND of one or two dimensions of space: every block's pixel (i, j) becomes batch i, j."""

from __future__ import annotations

from tinyml_pipeline.compiler.ops._blocks import blocks_of
from tinyml_pipeline.compiler.ops._context import OpContext
from tinyml_pipeline.compiler.ops._move import Move, moved
from tinyml_pipeline.compiler.ops._move_context import output_like
from tinyml_pipeline.compiler.ops._view import View


def read(op: OpContext) -> Move:
    blocks = blocks_of(op, "paddings")
    # TFLM fills padding with a number from its arena that nothing ever sets: its answer changes from run to run.
    op.require(not any(map(any, blocks.edges)), "padding, for which TFLM sets no value,", "none")
    (batches, height, width, channels), (tall, wide) = blocks.source_shape, blocks.block
    fits = height % tall == 0 and width % wide == 0
    op.require(fits, f"{height} x {width} in blocks of {tall} x {wide}", "whole blocks")
    shape = (batches * blocks.count, height // tall, width // wide, channels)
    output_like(op, blocks.source, op.output(), blocks.as_given(shape))
    view = View.whole(blocks.source, (batches, height // tall, tall, width // wide, wide, channels))
    return moved(view.transposed((2, 4, 0, 1, 3, 5)), op.output())
