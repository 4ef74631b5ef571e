"""STRIDED_SLICE of up to 4 dimensions, with masks for begin, end and axes that vanish."""

from __future__ import annotations

from dataclasses import dataclass

from tinyml_pipeline.compiler.ops._context import OpContext
from tinyml_pipeline.compiler.ops._move import Move, moved
from tinyml_pipeline.compiler.ops._move_context import numbers, output_like, rank_up_to, source_of
from tinyml_pipeline.compiler.ops._view import View


@dataclass(frozen=True)
class _Axis:
    """What the operands say about one axis of `size` elements."""

    begin: int
    end: int
    stride: int
    size: int

    def first(self, *, masked: bool) -> int:
        """Clamped as TFLM does it: to the axis, and one past its end in the direction of the stride."""
        if masked:
            return 0 if self.stride > 0 else self.size - 1
        return self._clamped(self.begin)

    def last(self, *, masked: bool) -> int:
        """One past the last index."""
        if masked:
            return self.size if self.stride > 0 else -1
        return self._clamped(self.end)

    def _clamped(self, index: int) -> int:
        index += self.size if index < 0 else 0
        low, high = (0, self.size) if self.stride > 0 else (-1, self.size - 1)
        return min(max(index, low), high)


def read(op: OpContext) -> Move:
    source, output = source_of(op, ("INT8", "INT16", "INT32", "FLOAT32", "BOOL")), op.output()
    rank_up_to(op, source, 4)
    rank = len(source.shape)
    for option in ("ellipsis_mask", "new_axis_mask", "offset"):  # TFLM ignores all three
        value = op.option(option, 0)
        op.require(not value, f"{option} {value}", "0")
    begins, ends, strides = (
        numbers(op, place, what, count=rank, in_file=True)
        for place, what in ((1, "begins"), (2, "ends"), (3, "strides"))
    )
    view, shape = View.whole(source), []
    for axis, size in enumerate(source.shape):
        op.require(strides[axis] != 0, "a stride of 0", "other strides")
        one = _Axis(begins[axis], ends[axis], strides[axis], size)
        vanishes = bool(op.option("shrink_axis_mask", 0) >> axis & 1)
        first, count = _range(op, one, axis, vanishes=vanishes)
        view = view.cut(axis, first, count, one.stride)
        if not vanishes:
            shape.append(count)
    output_like(op, source, output, shape)
    return moved(view, output)


def _range(op: OpContext, axis: _Axis, number: int, *, vanishes: bool) -> tuple[int, int]:
    """The first index and how many."""
    first = axis.first(masked=bool(op.option("begin_mask", 0) >> number & 1))
    if vanishes:
        # TFLM writes nothing for an index outside of the axis, or for a negative stride.
        op.require(axis.stride > 0, f"a stride of {axis.stride} along an axis that vanishes", "positive strides there")
        op.require(0 <= first < axis.size, f"index {axis.begin} of {axis.size}", "an index inside of the axis")
        return first, 1
    last = axis.last(masked=bool(op.option("end_mask", 0) >> number & 1))
    count = max(-((first - last) // axis.stride), 0)
    behind = first + count * axis.stride  # where TFLM sees that the axis has ended
    op.require(-(2**31) <= behind < 2**31, f"a stride of {axis.stride}", "indices within 32 bits")
    return first, count
