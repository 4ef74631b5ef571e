"""L2_NORMALIZATION: rows divided by their Euclidean norm."""

from __future__ import annotations

from dataclasses import dataclass

from tinyml_pipeline.compiler.fixed_point import INT32_MAX
from tinyml_pipeline.compiler.graph import Tensor
from tinyml_pipeline.compiler.op import Op
from tinyml_pipeline.compiler.ops._context import INT8_MAX, INT8_MIN, OpContext


@dataclass(frozen=True, eq=False)
class L2Normalization(Op):
    """Rows along the last axis. As in TFLM, the output has scale 1/128 and zero point 0, whatever the file says."""

    source: Tensor
    output: Tensor
    rows: int
    depth: int
    zero_point: int


def read(op: OpContext) -> L2Normalization:
    source, output = op.activation(0), op.output()
    given = op.quantization(source, "input")
    op.quantization(output, "output")
    op.require(1 <= len(source.shape) <= 4 and source.size > 0, f"an input of shape {list(source.shape)}",
               "1 to 4 dimensions")  # fmt: skip
    op.require(output.shape == source.shape, f"an output of shape {list(output.shape)}", str(list(source.shape)))
    op.require(op.activation_name == "NONE", f"fused activation {op.activation_name}", "NONE")
    depth = source.shape[-1]
    most = max(given.zero_point - INT8_MIN, INT8_MAX - given.zero_point)
    op.require(depth * most**2 <= INT32_MAX, f"rows of {depth} values", "sums of squares within 32 bits")
    return L2Normalization(source, output, source.size // depth, depth, given.zero_point)
