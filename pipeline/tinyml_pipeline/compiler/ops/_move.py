"""Operators that only move elements: boxes copied from tensors to tensors, after some outputs were filled."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyml_pipeline.compiler.graph import Tensor
from tinyml_pipeline.compiler.op import Op
from tinyml_pipeline.compiler.ops._view import Copy, View, strides_of

Values = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class Movement(Op):
    """Every element of every output is one of an input, or a constant that is the same for all."""

    outputs: tuple[Tensor, ...]

    def answer(self, sources: Mapping[int, Values]) -> tuple[Values, ...]:
        """The outputs, by the tensor's index for the inputs: for inputs that are known when the model is compiled."""
        raise NotImplementedError


@dataclass(frozen=True, eq=False)
class Move(Movement):
    """`copies`, after each output that has a `fill` is filled with it. Together they write every element."""

    copies: tuple[Copy, ...]
    fill: int | None = None

    @property
    def alias_of(self) -> Tensor | None:
        """The input that the only output equals byte for byte, if there is one."""
        if len(self.copies) != 1 or len(self.outputs) != 1:
            return None
        copy, output = self.copies[0], self.outputs[0]
        return (
            copy.source.tensor if copy.loops == ((output.size, 1, 1),) == ((copy.source.tensor.size, 1, 1),) else None
        )

    def answer(self, sources: Mapping[int, Values]) -> tuple[Values, ...]:
        made = {output.index: np.full(output.size, self.fill or 0, output.dtype.numpy) for output in self.outputs}
        for copy in self.copies:
            known = sources[copy.source.tensor.index].ravel()
            made[copy.output.tensor.index][copy.output.indices()] = known[copy.source.indices()]
        return tuple(made[output.index].reshape(output.shape) for output in self.outputs)


def moved(source: View, output: Tensor) -> Move:
    """One copy: the output is what `source` sees, in order."""
    return Move((output,), (Copy(source, View.whole(output, source.shape)),))


@dataclass(frozen=True, eq=False)
class Gather(Movement):
    """Runs of elements picked by tables: for each of `outer` blocks of the source, and each of `rows` and `columns`,
    the `run` elements from block + row + column on follow each other in the output."""

    source: Tensor
    outer: int
    rows: tuple[int, ...]
    columns: tuple[int, ...]
    run: int

    def answer(self, sources: Mapping[int, Values]) -> tuple[Values, ...]:
        blocks = np.arange(self.outer) * (self.source.size // self.outer)
        starts = np.add.outer(np.add.outer(blocks, np.array(self.rows)), np.array(self.columns))
        indices = np.add.outer(starts, np.arange(self.run))
        (output,) = self.outputs
        return (sources[self.source.index].ravel()[indices].reshape(output.shape),)


def by_axis(source: Tensor, output: Tensor, indices: Sequence[Sequence[int]]) -> Gather:
    """Element (i, j, ...) of the output is element (indices[0][i], indices[1][j], ...) of the source."""
    strides = strides_of(source.shape)
    changed = [axis for axis, size in enumerate(source.shape) if list(indices[axis]) != list(range(size))]
    if not changed:
        return Gather((output,), source, 1, (0,), (0,), source.size)
    first, last = changed[0], changed[-1]
    rows = np.zeros(1, np.int64)
    for axis in range(first, last):
        rows = np.add.outer(rows, np.array(indices[axis], np.int64) * strides[axis]).ravel()
    columns = np.array(indices[last], np.int64) * strides[last]
    outer = math.prod(source.shape[:first])
    return Gather((output,), source, outer, tuple(rows.tolist()), tuple(columns.tolist()), strides[last])
