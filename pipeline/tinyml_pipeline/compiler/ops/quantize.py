"""QUANTIZE from int8 to int8: another scale.

From float32 it belongs to the model's edge: there it becomes `model_quantize_*` of the header (passes/float_edges.py).
"""

from __future__ import annotations

from tinyml_pipeline.compiler.ops._context import OpContext
from tinyml_pipeline.compiler.ops._rescale import Rescale
from tinyml_pipeline.compiler.ops._unary import FULL_RANGE, multiplier_of


def read(op: OpContext) -> Rescale:
    kind = op.input(0).type
    op.require(kind == "INT8", f"an input of type {kind}", "INT8, or FLOAT32 straight from an input of the model")
    source, given, wanted = op.elementwise()
    multiplier, shift = multiplier_of(op, given.scale / wanted.scale)
    return Rescale(source, op.output(), multiplier, shift, given.zero_point, wanted.zero_point, *FULL_RANGE)
