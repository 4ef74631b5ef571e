"""Data movement by rows of bytes, one call for each copy: joins, splits, most slices and pads."""

from __future__ import annotations

from tinyml_pipeline.compiler.kernel import Cost, Kernel
from tinyml_pipeline.compiler.kernels._move import FILL, ends_of, fill_cycles, fills_of, sources_of
from tinyml_pipeline.compiler.lowering import Call, Lowering
from tinyml_pipeline.compiler.ops._move import Move
from tinyml_pipeline.compiler.ops._view import Copy
from tinyml_pipeline.compiler.target import Target


def _refuses(op: Move, target: Target) -> str | None:
    loops = max(len(copy.loops) for copy in op.copies)
    return None if loops <= 2 else f"a copy takes {loops} loops; at most 2"


def _rows(copy: Copy) -> tuple[int, int, int, int]:
    """How many, the distances of two in bytes, and their width in bytes."""
    size = copy.output.tensor.dtype.bytes
    *outer, (run, _, _) = copy.loops
    count, read, write = outer[0] if outer else (1, 0, 0)
    return count, read * size, write * size, run * size


def _cost(op: Move, target: Target) -> Cost:
    rows = [_rows(copy) for copy in op.copies]
    return Cost(fill_cycles(op) + sum(30 + count * (20 + width) for count, _, _, width in rows), code_bytes=40)


def _lower(op: Move, target: Target) -> Lowering:
    sources = sources_of([copy.source.tensor for copy in op.copies])
    calls = []
    for copy in op.copies:
        read, written = ends_of(copy, sources)
        count, in_step, out_step, width = _rows(copy)
        function = "copy_flash_rows" if copy.source.tensor.is_constant else "copy_rows"
        calls.append(Call(function, (read, in_step, written, out_step, width, count)))
    fills = fills_of(op)
    return Lowering((*fills, *calls), headers=(FILL,) if fills else ())


KERNEL = Kernel(Move, "copy_rows", "copy_rows/copy_rows.h", _cost, _lower, refuses=_refuses)
