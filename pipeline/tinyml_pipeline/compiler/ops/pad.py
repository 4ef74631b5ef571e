"""PAD with zeros: the zero point of the output, or 0 in tensors of more than 8 bits."""

from __future__ import annotations

from tinyml_pipeline.compiler.ops._context import OpContext
from tinyml_pipeline.compiler.ops._move import Move
from tinyml_pipeline.compiler.ops._pad import padded, source_to_pad


def read(op: OpContext) -> Move:
    source = source_to_pad(op)
    zero = op.quantization(op.output(), "an output").zero_point if source.type == "INT8" else 0
    return padded(op, source, zero)
