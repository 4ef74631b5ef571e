"""Data movement by loops over up to 5 dimensions, one call for each copy."""

from __future__ import annotations

from tinyml_pipeline.compiler.kernel import Cost, Kernel
from tinyml_pipeline.compiler.kernels._move import FILL, ends_of, fill_cycles, fills_of, sources_of
from tinyml_pipeline.compiler.lowering import Call, FieldValue, Lowering, Struct
from tinyml_pipeline.compiler.ops._move import Move
from tinyml_pipeline.compiler.ops._view import Copy
from tinyml_pipeline.compiler.target import Target

_LOOPS = 5


def _refuses(op: Move, target: Target) -> str | None:
    loops = max(len(copy.loops) - 1 for copy in op.copies)
    return None if loops <= _LOOPS else f"a copy takes {loops} loops around its runs; at most {_LOOPS}"


def _cost(op: Move, target: Target) -> Cost:
    cycles = fill_cycles(op)
    for copy in op.copies:
        run = copy.loops[-1][0] * copy.output.tensor.dtype.bytes
        elements = copy.output.indices().size * copy.output.tensor.dtype.bytes // run
        cycles += 200 + elements * (6 if run in (1, 4) else 22 + run)
    return Cost(cycles, code_bytes=300)


def _lower(op: Move, target: Target) -> Lowering:
    sources = sources_of([copy.source.tensor for copy in op.copies])
    calls = []
    for number, copy in enumerate(op.copies):
        suffix = f"copy_{number}" if len(op.copies) > 1 else ""
        calls.append(Call("copy_nd", (_struct(copy, suffix), *ends_of(copy, sources))))
    fills = fills_of(op)
    return Lowering((*fills, *calls), headers=(FILL,) if fills else ())


def _struct(copy: Copy, suffix: str) -> Struct:
    size = copy.output.tensor.dtype.bytes
    *outer, (run, _, _) = copy.loops
    loops = [(1, 0, 0)] * (_LOOPS - len(outer)) + outer
    fields: dict[str, FieldValue] = {
        "count": tuple(count for count, _, _ in loops),
        "in_step": tuple(read * size for _, read, _ in loops),
        "out_step": tuple(write * size for _, _, write in loops),
        "run": run * size,
        "in_is_in_flash": int(copy.source.tensor.is_constant),
    }
    return Struct("copy_nd", fields, suffix)


KERNEL = Kernel(Move, "copy_nd", "copy_nd/copy_nd.h", _cost, _lower, refuses=_refuses)
