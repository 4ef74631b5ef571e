"""MINIMUM of two int8 tensors."""

from __future__ import annotations

from tinyml_pipeline.compiler.ops._binary import Binary
from tinyml_pipeline.compiler.ops._context import OpContext
from tinyml_pipeline.compiler.ops._extremum import read_extremum


class Minimum(Binary):
    """The smaller stored value."""


def read(op: OpContext) -> Minimum:
    return read_extremum(op, Minimum)
