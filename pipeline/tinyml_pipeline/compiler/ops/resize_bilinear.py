"""RESIZE_BILINEAR in TFLM's integers: places and weights in steps of 1/1024."""

from __future__ import annotations

from dataclasses import dataclass

from tinyml_pipeline.compiler.graph import Tensor
from tinyml_pipeline.compiler.op import Op
from tinyml_pipeline.compiler.ops._context import OpContext
from tinyml_pipeline.compiler.ops._resize import Resize, read_resize

ONE = 1 << 10


@dataclass(frozen=True)
class Place:
    """Between two rows or columns: `weight` / ONE of the upper one, the rest of the lower one."""

    lower: int
    upper: int
    weight: int


@dataclass(frozen=True, eq=False)
class ResizeBilinear(Op):
    """One place for each row and each column of the output.

    Weights lie between 0 and ONE, so that the sum of four int8 values, each with two weights, stays below 2^27.
    """

    source: Tensor
    output: Tensor
    rows: tuple[Place, ...]
    columns: tuple[Place, ...]


def read(op: OpContext) -> ResizeBilinear:
    resize = read_resize(op, ("INT8",))
    op.activation(0)
    both = resize.half_pixel_centers and resize.align_corners
    op.require(not both, "align_corners with half_pixel_centers", "one of them")
    source, output = resize.source, resize.output
    rows, columns = (_places(op, resize, source.shape[axis], output.shape[axis]) for axis in (1, 2))
    return ResizeBilinear(source, output, rows, columns)


def _places(op: OpContext, resize: Resize, given: int, wanted: int) -> tuple[Place, ...]:
    """As TFLM's ResizeBilinearInteger, whose divisions round toward zero."""
    scale = (ONE * given + wanted // 2) // wanted
    if resize.align_corners and wanted > 1:
        scale = (ONE * (given - 1) + (wanted - 1) // 2) // (wanted - 1)
    shift = scale // 2 - ONE // 2 if resize.half_pixel_centers else 0
    op.require(ONE * given < 2**31 and wanted * scale < 2**31, f"resizing {given} to {wanted}", "products below 2^31")
    places = []
    for index in range(wanted):
        scaled = index * scale + shift
        lower = max(scaled // ONE, 0)
        upper = min(max(scaled + ONE - 1, 0) // ONE, given - 1)
        # The step is rounded to 1/1024: after many of them TFLM reads past the last row.
        op.require(lower < given, f"resizing {given} to {wanted}", "sizes for which TFLM stays inside of its input")
        places.append(Place(lower, upper, scaled - ONE * lower if upper > lower else 0))
    return tuple(places)
