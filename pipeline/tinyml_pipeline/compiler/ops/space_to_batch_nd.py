"""SPACE_TO_BATCH_ND of one or two dimensions of space: every block's pixel (i, j) becomes batch i, j."""

from __future__ import annotations

from tinyml_pipeline.compiler.ops._blocks import blocks_of, inside
from tinyml_pipeline.compiler.ops._context import OpContext
from tinyml_pipeline.compiler.ops._move import Move
from tinyml_pipeline.compiler.ops._move_context import output_like
from tinyml_pipeline.compiler.ops._view import Copy, View


def read(op: OpContext) -> Move:
    blocks = blocks_of(op, "paddings")
    source, output, shape = blocks.source, op.output(), blocks.source_shape
    padded = [size + sum(pair) for size, pair in zip(shape[1:3], blocks.edges, strict=True)]
    fits = all(size % block == 0 for size, block in zip(padded, blocks.block, strict=True))
    op.require(fits, f"{padded} in blocks of {list(blocks.block)}", "whole blocks")
    wide = (shape[0] * blocks.count, padded[0] // blocks.block[0], padded[1] // blocks.block[1], shape[3])
    output_like(op, source, output, blocks.as_given(wide))
    has_padding = any(map(any, blocks.edges))
    if has_padding:  # TFLM never sets the value: it is 0 unless the memory was used before
        zero = op.quantization(output, "an output").zero_point
        op.require(zero == 0, f"padding with zero point {zero}", "zero point 0, with which TFLM pads")
    read_view, written = View.whole(source, shape), View.whole(output, wide)
    copies = []
    for number, (row, column) in enumerate(blocks.places):
        copy = Copy(read_view, written.cut(0, number * shape[0], shape[0]))
        for axis, place in ((1, row), (2, column)):
            # Output index o is source index o * block + place - padding.
            found = inside(blocks.block[axis - 1], place - blocks.edges[axis - 1][0], wide[axis], shape[axis])
            copy = Copy(copy.source.cut(axis, found.fine, found.count, blocks.block[axis - 1]),
                        copy.output.cut(axis, found.coarse, found.count))  # fmt: skip
        if all(copy.source.shape):
            copies.append(copy)
    return Move((output,), tuple(copies), 0 if has_padding else None)
