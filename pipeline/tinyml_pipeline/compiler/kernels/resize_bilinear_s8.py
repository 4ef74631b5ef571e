"""RESIZE_BILINEAR with tables of places and weights."""

from __future__ import annotations

from collections.abc import Sequence

from tinyml_pipeline.compiler.dtypes import DType
from tinyml_pipeline.compiler.kernel import Cost, Kernel
from tinyml_pipeline.compiler.lowering import Array, Call, FieldValue, Lowering, Struct, int_array
from tinyml_pipeline.compiler.ops.resize_bilinear import Place, ResizeBilinear
from tinyml_pipeline.compiler.target import Target


def _cost(op: ResizeBilinear, target: Target) -> Cost:
    return Cost(cycles=40 * op.output.size, code_bytes=350)


def _lower(op: ResizeBilinear, target: Target) -> Lowering:
    batches, _, width, channels = op.source.shape
    comment = "Where the pixel before and the one behind begin, and the weight of the latter of 1024."
    fields: dict[str, FieldValue] = {
        "batches": batches,
        "in_size": op.source.size // batches,
        "out_height": len(op.rows),
        "out_width": len(op.columns),
        "channels": channels,
        "rows": _table("rows", op.rows, width * channels, comment),
        "columns": _table("columns", op.columns, channels, "The same of columns."),
    }
    struct = Struct("resize_bilinear_s8", fields)
    return Lowering((Call("resize_bilinear_s8", (struct, op.source, op.output)),))


def _table(suffix: str, places: Sequence[Place], step: int, comment: str) -> Array:
    rows = [(place.lower * step, place.upper * step, place.weight) for place in places]
    return int_array(suffix, DType.INT32, rows, comment)


KERNEL = Kernel(ResizeBilinear, "resize_bilinear_s8", "resize_bilinear/resize_bilinear_s8.h", _cost, _lower)
