"""SPLIT_V into parts of any size along an axis."""

from __future__ import annotations

from tinyml_pipeline.compiler.ops._context import OpContext
from tinyml_pipeline.compiler.ops._move import Move
from tinyml_pipeline.compiler.ops._split import read_split


def read(op: OpContext) -> Move:
    """TFLM never reads the sizes: the outputs' shapes say them."""
    return read_split(op, 0, 2, equal=False)
