"""Reductions: one number from all values along some axes."""

from __future__ import annotations

import math
from dataclasses import dataclass

from tinyml_pipeline.compiler.graph import Tensor
from tinyml_pipeline.compiler.op import Op
from tinyml_pipeline.compiler.ops._context import OpContext

_MOST_RUNS = 6


@dataclass(frozen=True, eq=False)
class Reduction(Op):
    """`runs` are the sizes of axes in memory order, kept and reduced in turn, neighbours of one kind merged; six."""

    source: Tensor
    output: Tensor
    runs: tuple[int, ...]

    @property
    def count(self) -> int:
        """Values that make one output."""
        return math.prod(self.runs[1::2])


def read_reduction(op: OpContext) -> tuple[Tensor, Tensor, tuple[int, ...]]:
    """The fields of a Reduction. Axes count from the end if below 0; an axis may be named twice, as in TFLM."""
    source, axes, output = op.activation(0), op.input(1), op.output()
    op.require(axes.type == "INT32" and axes.is_constant, f"axes of type {axes.type}", "constant INT32 axes")
    op.require(source.size > 0, "an empty input", "at least one value")
    rank = len(source.shape)
    named = [int(axis) for axis in axes.values.ravel()]
    op.require(all(-rank <= axis < rank for axis in named), f"axes {named} of {rank} dimensions",
               f"{-rank} to {rank - 1}")  # fmt: skip
    reduced = {axis % rank for axis in named}
    kept = tuple(size for axis, size in enumerate(source.shape) if axis not in reduced)
    wanted = kept
    if op.option("keep_dims", False):
        wanted = tuple(1 if axis in reduced else size for axis, size in enumerate(source.shape))
    op.require(output.shape == wanted, f"an output of shape {list(output.shape)}", str(list(wanted)))
    runs = _runs(source.shape, reduced)
    op.require(
        len(runs) <= _MOST_RUNS, f"a reduction of every other axis of {rank}", "up to 5 dimensions, or neighbours"
    )
    return source, output, runs + (1,) * (_MOST_RUNS - len(runs))


def _runs(shape: tuple[int, ...], reduced: set[int]) -> tuple[int, ...]:
    runs = [1]
    is_reduced = False
    for axis, size in enumerate(shape):
        if size == 1:
            continue
        if (axis in reduced) != is_reduced:
            runs.append(1)
            is_reduced = not is_reduced
        runs[-1] *= size
    return tuple(runs)
