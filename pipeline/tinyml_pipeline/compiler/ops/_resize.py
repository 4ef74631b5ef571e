"""What the two RESIZE operators have in common."""

from __future__ import annotations

from dataclasses import dataclass

from tinyml_pipeline.compiler.graph import Tensor
from tinyml_pipeline.compiler.ops._context import OpContext
from tinyml_pipeline.compiler.ops._move_context import numbers, output_like, rank_up_to, source_of


@dataclass(frozen=True, eq=False)
class Resize:
    """From one height and width to others."""

    source: Tensor
    output: Tensor
    align_corners: bool
    half_pixel_centers: bool


def read_resize(op: OpContext, types: tuple[str, ...]) -> Resize:
    source, output = source_of(op, types), op.output()
    rank_up_to(op, source, 4, 4)
    op.require(len(op.input(1).shape) == 1, f"a size of shape {list(op.input(1).shape)}", "a vector")
    height, width = numbers(op, 1, "size", count=2, in_file=True)
    output_like(op, source, output, (source.shape[0], height, width, source.shape[3]))
    return Resize(source, output, bool(op.option("align_corners", False)), bool(op.option("half_pixel_centers", False)))
