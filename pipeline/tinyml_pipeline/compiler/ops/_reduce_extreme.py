"""REDUCE_MAX and REDUCE_MIN: the highest or lowest value along some axes."""

from __future__ import annotations

from tinyml_pipeline.compiler.graph import Tensor
from tinyml_pipeline.compiler.ops._context import OpContext
from tinyml_pipeline.compiler.ops._reduction import read_reduction


def read_extreme(op: OpContext) -> tuple[Tensor, Tensor, tuple[int, ...]]:
    """The fields of a Reduction that picks one of its values; TFLM has it for equal scales and zero points only."""
    source, output, runs = read_reduction(op)
    given, wanted = op.quantization(source, "input"), op.quantization(output, "output")
    op.require(
        given == wanted,
        f"an output of scale {wanted.scale:g} and zero point {wanted.zero_point}",
        f"the input's scale {given.scale:g} and zero point {given.zero_point}",
    )
    return source, output, runs
