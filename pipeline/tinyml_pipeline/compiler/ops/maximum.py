"""MAXIMUM of two int8 tensors."""

from __future__ import annotations

from tinyml_pipeline.compiler.ops._binary import Binary
from tinyml_pipeline.compiler.ops._context import OpContext
from tinyml_pipeline.compiler.ops._extremum import read_extremum


class Maximum(Binary):
    """The larger stored value."""


def read(op: OpContext) -> Maximum:
    return read_extremum(op, Maximum)
