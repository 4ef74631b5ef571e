"""BATCH_TO_SPACE_ND of one or two dimensions of space: batch i, j becomes pixel (i, j) of every block."""

from __future__ import annotations

from tinyml_pipeline.compiler.ops._blocks import blocks_of, inside
from tinyml_pipeline.compiler.ops._context import OpContext
from tinyml_pipeline.compiler.ops._move import Move
from tinyml_pipeline.compiler.ops._move_context import output_like
from tinyml_pipeline.compiler.ops._view import Copy, View


def read(op: OpContext) -> Move:
    blocks = blocks_of(op, "crops")
    source, output, shape = blocks.source, op.output(), blocks.source_shape
    op.require(shape[0] % blocks.count == 0, f"{shape[0]} batches in blocks of {list(blocks.block)}", "whole blocks")
    batches = shape[0] // blocks.count
    wide = (batches, *(size * block - sum(pair) for size, block, pair in
                       zip(shape[1:3], blocks.block, blocks.edges, strict=True)), shape[3])  # fmt: skip
    output_like(op, source, output, blocks.as_given(wide))
    read_view, written = View.whole(source, shape), View.whole(output, wide)
    copies = []
    for number, (row, column) in enumerate(blocks.places):
        copy = Copy(read_view.cut(0, number * batches, batches), written)
        for axis, place in ((1, row), (2, column)):
            # Source index i is output index i * block + place - crop.
            found = inside(blocks.block[axis - 1], place - blocks.edges[axis - 1][0], shape[axis], wide[axis])
            copy = Copy(copy.source.cut(axis, found.coarse, found.count),
                        copy.output.cut(axis, found.fine, found.count, blocks.block[axis - 1]))  # fmt: skip
        if all(copy.source.shape):
            copies.append(copy)
    return Move((output,), tuple(copies))
