"""PADV2 with a constant value."""

from __future__ import annotations

from tinyml_pipeline.compiler.ops._context import OpContext
from tinyml_pipeline.compiler.ops._move import Move
from tinyml_pipeline.compiler.ops._move_context import numbers
from tinyml_pipeline.compiler.ops._pad import padded, source_to_pad


def read(op: OpContext) -> Move:
    source = source_to_pad(op)
    (value,) = numbers(op, 2, "padding value", count=1, types=(source.type,))
    if source.type == "INT8":
        given, wanted = (op.quantization(tensor, what) for tensor, what in (
            (op.input(2), "a padding value"), (op.output(), "an output")))  # fmt: skip
        same = (given.scale, given.zero_point) == (wanted.scale, wanted.zero_point)
        op.require(same, "a padding value on another scale", "the output's scale and zero point")
    return padded(op, source, value)
