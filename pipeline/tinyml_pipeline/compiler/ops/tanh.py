"""TANH."""

from __future__ import annotations

from tinyml_pipeline.compiler.gemmlowp import tanh
from tinyml_pipeline.compiler.ops._context import OpContext
from tinyml_pipeline.compiler.ops._sigmoid import Sigmoid, read_sigmoid


def read(op: OpContext) -> Sigmoid:
    return read_sigmoid(op, tanh, output_bits=7, zero_point=0)
