"""Arguments that the kernels of data movement share: sources in RAM or flash, and filled outputs."""

from __future__ import annotations

from collections.abc import Sequence

from tinyml_pipeline.compiler.graph import Tensor
from tinyml_pipeline.compiler.lowering import Argument, Array, At, Call
from tinyml_pipeline.compiler.ops._move import Move
from tinyml_pipeline.compiler.ops._view import Copy

FILL = "common/fill.h"
_FILLED = {"INT8": "fill_s8", "INT16": "fill_s16", "INT32": "fill_s32"}


def sources_of(tensors: Sequence[Tensor]) -> dict[int, Tensor | Array]:
    """By index; a constant is an array in flash, and its kernel reads it there."""
    found: dict[int, Tensor | Array] = {}
    for tensor in tensors:
        if tensor.index not in found:
            array = Array(f"source_{len(found)}", tensor.dtype, tensor.values) if tensor.is_constant else None
            found[tensor.index] = array or tensor
    return found


def ends_of(copy: Copy, sources: dict[int, Tensor | Array]) -> tuple[Argument, Argument]:
    """Where a copy starts to read and to write."""
    source, output = copy.source, copy.output
    return At(sources[source.tensor.index], source.start), At(output.tensor, output.start)


def fills_of(op: Move) -> tuple[Call, ...]:
    if op.fill is None:
        return ()
    (output,) = op.outputs
    return (Call(_FILLED[output.type], (output, output.size, op.fill)),)


def fill_cycles(op: Move) -> int:
    return 0 if op.fill is None else sum(output.size_bytes for output in op.outputs)
