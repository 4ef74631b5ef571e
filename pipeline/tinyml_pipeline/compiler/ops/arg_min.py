"""ARG_MIN: the index of the least value along an axis."""

from __future__ import annotations

from tinyml_pipeline.compiler.ops._arg import Arg, read_arg
from tinyml_pipeline.compiler.ops._context import OpContext


def read(op: OpContext) -> Arg:
    return read_arg(op, greatest=False)
