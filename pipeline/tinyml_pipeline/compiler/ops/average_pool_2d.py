"""AVERAGE_POOL_2D: the mean of each channel under a window; padding does not count."""

from __future__ import annotations

from dataclasses import dataclass

from tinyml_pipeline.compiler.ops._context import OpContext
from tinyml_pipeline.compiler.ops._pool import Pool, read_pool


@dataclass(frozen=True, eq=False)
class AveragePool2D(Pool):
    pass


def read(op: OpContext) -> AveragePool2D:
    return AveragePool2D(*read_pool(op))
