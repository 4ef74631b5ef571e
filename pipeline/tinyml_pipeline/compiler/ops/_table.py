"""A unary operation on int8 as a table of its 256 answers (kernel: firmware/kernels/lookup/lookup_s8.h)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tinyml_pipeline.compiler.graph import Tensor
from tinyml_pipeline.compiler.ops._lowering import INT8_MAX, INT8_MIN, Array, Call, Layer, Lowered, Value


def lower_to_table(layer: Layer, source: Tensor, summary: str, answer: Callable[[int], int]) -> Lowered:
    """`answer` maps each stored input, -128 to 127, to the stored output."""
    values = np.array([answer(stored) for stored in range(INT8_MIN, INT8_MAX + 1)], np.int8)
    table = Array("table", "int8_t", values, "The answers for -128, -127, ... 127.")
    arguments = (table, Value(source.index), Value(layer.operation.outputs[0]), source.size)
    return Lowered(summary, "lookup", (Call("lookup_s8", arguments),), (table,), in_place=(source.index,))


def saturated(value: int) -> int:
    return min(max(value, INT8_MIN), INT8_MAX)
