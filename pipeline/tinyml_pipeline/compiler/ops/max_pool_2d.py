"""MAX_POOL_2D: the highest value of each channel under a window."""

from __future__ import annotations

from dataclasses import dataclass

from tinyml_pipeline.compiler.ops._context import OpContext
from tinyml_pipeline.compiler.ops._pool import Pool, read_pool


@dataclass(frozen=True, eq=False)
class MaxPool2D(Pool):
    pass


def read(op: OpContext) -> MaxPool2D:
    return MaxPool2D(*read_pool(op))
