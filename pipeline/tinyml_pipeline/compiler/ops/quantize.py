"""QUANTIZE between int8, uint8, int16 and int32, in the pairs that TFLM has.

From float32 it belongs to the model's edge, where it becomes `NAME_quantize_*` of the header, or ends an island of
float operators that a DEQUANTIZE begins (passes/float_islands.py).
"""

from __future__ import annotations

from dataclasses import replace

from tinyml_pipeline.compiler.dtypes import DType
from tinyml_pipeline.compiler.fixed_point import quantize_multiplier
from tinyml_pipeline.compiler.graph import Tensor
from tinyml_pipeline.compiler.ops._context import OpContext
from tinyml_pipeline.compiler.ops._requantize import (
    FROM,
    FROM_FLOAT,
    ISLAND,
    TO_FLOAT,
    FloatRequantize,
    Island,
    Requantize,
    require_float_steps,
    require_room,
)
from tinyml_pipeline.compiler.ops._rescale import Rescale
from tinyml_pipeline.compiler.ops._table import Table
from tinyml_pipeline.compiler.ops._unary import FULL_RANGE, multiplier_of


def read(op: OpContext) -> Rescale | Requantize | FloatRequantize | Table:
    source, output = op.activation(0), op.output()
    island = op.option(ISLAND, None)
    if island is not None:
        return _by_way_of_float(op, source, output, island)
    known = ", ".join(dtype.value for dtype in FROM)
    op.require(
        source.type in known.split(", "),
        f"an input of type {source.type}",
        f"{known}, or FLOAT32 straight from an input of the model",
    )
    given = op.quantization(source, "an input", source.dtype)
    wanted = op.quantization(output, "an output", *FROM[source.dtype])
    size = source.size
    op.require(size == output.size > 0, f"an output of {output.size} values", f"{size}, as the input")
    ratio = given.scale / wanted.scale
    if source.dtype is output.dtype is DType.INT8:
        multiplier, shift = multiplier_of(op, ratio)
        return Rescale(source, output, multiplier, shift, given.zero_point, wanted.zero_point, *FULL_RANGE)
    op.require(ratio < 2**30, f"a ratio of scales of {ratio:g}", "ratios below 2^30")
    multiplier, shift = quantize_multiplier(ratio)
    require_room(op, source, given, wanted.zero_point, (multiplier, shift))
    return Requantize(source, output, multiplier, shift, given.zero_point, wanted.zero_point)


def _by_way_of_float(op: OpContext, source: Tensor, output: Tensor, island: Island) -> FloatRequantize | Table:
    """From a DEQUANTIZE on: a table, or arithmetic if nothing lies between the two."""
    given = op.quantization(source, "a DEQUANTIZE's input", *TO_FLOAT)
    wanted = op.quantization(output, "an output", *FROM_FLOAT)
    size = source.size
    op.require(size == output.size > 0, f"an output of {output.size} values", f"{size}, as the input")
    if island.inner:
        _require_answers(op, island)
        return Table(source, output, island.answers, island.names)
    require_float_steps(op, source, given, wanted)
    arithmetic = FloatRequantize(source, output, given, wanted)
    if source.dtype is output.dtype is DType.INT8:
        return Table(source, output, arithmetic.answers(range(-128, 128)), island.names)
    return arithmetic


def _require_answers(op: OpContext, island: Island) -> None:
    inside = replace(op, operation=island.refused or island.inner[0])
    inside.require(island.refused is None, "this operator in float32", "what TFLM runs")
    inside.require(
        bool(island.answers),
        "this operator, which computes in float32 between int8 tensors,",
        "a computer with tflite-micro, because TFLM itself fills the table that it becomes",
    )
