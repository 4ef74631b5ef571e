"""Boxes of a tensor's elements, as a start and a stride for each dimension: what data movement is described with."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from tinyml_pipeline.compiler.graph import Tensor


def strides_of(shape: Sequence[int]) -> tuple[int, ...]:
    """In elements, of an array in C order."""
    return tuple(math.prod(shape[axis + 1 :]) for axis in range(len(shape)))


@dataclass(frozen=True)
class View:
    """Element (i, j, ...) of `shape` is element `start + i * strides[0] + j * strides[1] + ...` of the tensor."""

    tensor: Tensor
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    start: int = 0

    @classmethod
    def whole(cls, tensor: Tensor, shape: Sequence[int] | None = None) -> View:
        """All elements in order, under the tensor's own shape or another of the same size."""
        seen = tensor.shape if shape is None else tuple(shape)
        return cls(tensor, seen, strides_of(seen))

    def cut(self, axis: int, first: int, count: int, step: int = 1) -> View:
        """`count` of the indices of an axis: first, first + step, ..."""
        return replace(
            self,
            start=self.start + first * self.strides[axis],
            shape=(*self.shape[:axis], count, *self.shape[axis + 1 :]),
            strides=(*self.strides[:axis], step * self.strides[axis], *self.strides[axis + 1 :]),
        )

    def transposed(self, axes: Sequence[int]) -> View:
        return replace(
            self, shape=tuple(self.shape[axis] for axis in axes), strides=tuple(self.strides[axis] for axis in axes)
        )

    def broadcast(self, shape: Sequence[int]) -> View:
        """Repeated along dimensions of one element, and along new ones in front."""
        old = [1] * (len(shape) - len(self.shape)) + list(self.shape)
        strides = [0] * (len(shape) - len(self.shape)) + list(self.strides)
        repeated = tuple(
            stride if size == wanted else 0 for size, wanted, stride in zip(old, shape, strides, strict=True)
        )
        return replace(self, shape=tuple(shape), strides=repeated)

    def indices(self) -> npt.NDArray[np.int64]:
        """Of the tensor's elements, flat, in the shape of the view."""
        found = np.full(self.shape, self.start, np.int64)
        for axis, (count, stride) in enumerate(zip(self.shape, self.strides, strict=True)):
            found += (np.arange(count) * stride).reshape(-1, *[1] * (len(self.shape) - axis - 1))
        return found


@dataclass(frozen=True)
class Copy:
    """Each element of `source` goes to the element of `output` with the same indices; the shapes are equal."""

    source: View
    output: View

    @property
    def loops(self) -> tuple[tuple[int, int, int], ...]:
        """(count, source stride, output stride) from the outermost loop on, in elements, as few as possible: the
        dimensions of one element left out, those merged that follow each other in both. The innermost loop is that of a
        contiguous run; it has one element if there is none."""
        merged: list[tuple[int, int, int]] = [(1, 1, 1)]
        for count, read, write in reversed(
            list(zip(self.source.shape, self.source.strides, self.output.strides, strict=True))
        ):
            inner_count, inner_read, inner_write = merged[0]
            if count == 1:
                continue
            if read == inner_read * inner_count and write == inner_write * inner_count:
                merged[0] = (count * inner_count, inner_read, inner_write)
            else:
                merged.insert(0, (count, read, write))
        return tuple(merged)
