"""MEAN along some axes."""

from __future__ import annotations

from tinyml_pipeline.compiler.ops._context import OpContext
from tinyml_pipeline.compiler.ops._reduce_sum import ReduceSum, read_sum


def read(op: OpContext) -> ReduceSum:
    return read_sum(op, is_mean=True)
