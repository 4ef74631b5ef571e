"""MIRROR_PAD: REFLECT leaves out the element at the edge, SYMMETRIC repeats it."""

from __future__ import annotations

from tinyml_pipeline.compiler.ops._context import OpContext
from tinyml_pipeline.compiler.ops._move import Gather, by_axis
from tinyml_pipeline.compiler.ops._move_context import source_of
from tinyml_pipeline.compiler.ops._pad import paddings_of

_MODES = {0: "REFLECT", 1: "SYMMETRIC"}


def read(op: OpContext) -> Gather:
    source = source_of(op, ("INT8", "FLOAT32"))
    mode = op.option("mode", 1)  # of a file without options, TFLM takes everything but REFLECT as SYMMETRIC
    op.require(mode in _MODES, f"mode {mode}", ", ".join(f"{number} ({name})" for number, name in _MODES.items()))
    shape = op.input(1).shape
    op.require(len(shape) == 2 and shape[0] == len(source.shape), f"paddings of shape {list(shape)}",
               "two for each axis")  # fmt: skip
    left_out = 1 - mode
    indices = []
    pairs = paddings_of(op, source, ("INT32", "INT64"), in_file=False)
    for (before, after), size in zip(pairs, source.shape, strict=True):
        most = size - left_out
        op.require(
            max(before, after) <= most, f"a padding of {max(before, after)} next to {size} values", f"up to {most}"
        )
        front = range(before - 1 + left_out, left_out - 1, -1)
        back = range(size - 1 - left_out, size - 1 - left_out - after, -1)
        indices.append([*front, *range(size), *back])
    return by_axis(source, op.output(), indices)
