"""Several sums in words of 32 bits (firmware/kernels/common/packed.h)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tinyml_pipeline.compiler.ops._channels import IntArray
from tinyml_pipeline.compiler.ops._context import INT8_MAX, INT8_MIN


@dataclass(frozen=True)
class Layout:
    """For each word, its fields and where they begin; the lowest `bits` of a word are one field."""

    bits: int
    shifts: tuple[Mapping[int, int], ...]

    @property
    def words(self) -> int:
        return len(self.shifts)

    @property
    def fields(self) -> int:
        return 1 + max(field for shifts in self.shifts for field in shifts)

    def pack(self, values: IntArray) -> npt.NDArray[np.uint32]:
        """Words (..., words) of fields (..., fields), modulo 2^32."""
        words = [sum(values[..., field] << shift for field, shift in shifts.items()) for shifts in self.shifts]
        return modulo_2_32(np.stack(words, axis=-1))


LAYOUT = Layout(20, ({0: 0, 1: 20}, {2: 0, 1: 8, 3: 28}, {4: 0, 3: 16}, {5: 0, 6: 24, 3: 4}, {7: 0, 6: 12}))
"""Of packed.h."""
TILE_LAYOUT = Layout(24, ({0: 0, 1: 24}, {2: 0, 1: 16}, {3: 0, 1: 8}))
"""Of conv_2d_winograd_packed_s8.h."""


def ends(weights: IntArray) -> tuple[IntArray, IntArray]:
    """The least and the greatest sum of products of the weights (..., inputs) with any int8 inputs."""
    positive, negative = np.maximum(weights, 0).sum(axis=-1), np.minimum(weights, 0).sum(axis=-1)
    return positive * INT8_MIN + negative * INT8_MAX, positive * INT8_MAX + negative * INT8_MIN


def chunk_inputs(rows: IntArray, turn: int, layout: Layout) -> int:
    """Into how many inputs, a multiple of `turn`, the weights (fields, inputs) of one block are cut, for the fewest
    chunks whose sums fit the layout's fields."""
    turns = rows.shape[1] // turn
    for chunks in range(1, turns + 1):
        size = -(-turns // chunks) * turn
        if all(_fits(rows[:, first : first + size], layout) for first in range(0, rows.shape[1], size)):
            return size
    raise AssertionError("one turn always fits")


def _fits(chunk: IntArray, layout: Layout) -> bool:
    lowest, highest = ends(chunk)
    return bool((highest - lowest).max() < 2**layout.bits)


def modulo_2_32(numbers: IntArray) -> npt.NDArray[np.uint32]:
    return numbers.astype(np.uint64).astype(np.uint32)
