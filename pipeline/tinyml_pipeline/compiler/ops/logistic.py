"""LOGISTIC, the sigmoid."""

from __future__ import annotations

from tinyml_pipeline.compiler.gemmlowp import logistic
from tinyml_pipeline.compiler.ops._context import INT8_MIN, OpContext
from tinyml_pipeline.compiler.ops._sigmoid import Sigmoid, read_sigmoid


def read(op: OpContext) -> Sigmoid:
    zero_point = op.quantization(op.output(), "an output").zero_point
    op.require(zero_point == INT8_MIN, f"an output zero point of {zero_point}", "-128")
    return read_sigmoid(op, logistic, output_bits=8, zero_point=INT8_MIN)
