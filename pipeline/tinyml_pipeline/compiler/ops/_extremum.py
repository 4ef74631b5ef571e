"""MAXIMUM and MINIMUM: TFLM compares stored values, and never looks at scales."""

from __future__ import annotations

from typing import TypeVar

from tinyml_pipeline.compiler.ops._binary import Binary, read_operands
from tinyml_pipeline.compiler.ops._context import OpContext

BinaryT = TypeVar("BinaryT", bound=Binary)


def read_extremum(op: OpContext, kind: type[BinaryT]) -> BinaryT:
    read_operands(op)
    return kind(op.input(0), op.input(1), op.output())
