"""REDUCE_MAX along some axes."""

from __future__ import annotations

from dataclasses import dataclass

from tinyml_pipeline.compiler.ops._context import OpContext
from tinyml_pipeline.compiler.ops._reduce_extreme import read_extreme
from tinyml_pipeline.compiler.ops._reduction import Reduction


@dataclass(frozen=True, eq=False)
class ReduceMax(Reduction):
    pass


def read(op: OpContext) -> ReduceMax:
    return ReduceMax(*read_extreme(op))
