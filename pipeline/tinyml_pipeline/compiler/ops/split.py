"""SPLIT into equal parts along an axis."""

from __future__ import annotations

from tinyml_pipeline.compiler.ops._context import OpContext
from tinyml_pipeline.compiler.ops._move import Move
from tinyml_pipeline.compiler.ops._split import read_split


def read(op: OpContext) -> Move:
    return read_split(op, 1, 0, equal=True)
