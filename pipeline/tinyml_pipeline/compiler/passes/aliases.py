"""Operators that move nothing: the same bytes under another shape; no copy, no memory.

RESHAPE, SQUEEZE and EXPAND_DIMS always; data movement that turns out to keep every byte where it is: a SLICE of
everything, a TRANSPOSE that moves only axes of size 1, a CONCATENATION of one tensor, a PAD by nothing.
"""

from __future__ import annotations

from dataclasses import replace

from tinyml_pipeline.compiler.graph import Graph, Operation
from tinyml_pipeline.compiler.ops import reader_of
from tinyml_pipeline.compiler.ops._context import OpContext
from tinyml_pipeline.compiler.ops._move import Move
from tinyml_pipeline.compiler.passes.fold_constants import is_movement

HANDLES = ("RESHAPE", "SQUEEZE", "EXPAND_DIMS")


def run(graph: Graph) -> Graph:
    """Without these operators; their outputs are aliases of their inputs."""
    aliases = dict(graph.aliases)
    kept = []
    for operation in graph.operations:
        pair = _pair(graph, operation)
        if pair is None:
            kept.append(operation)
        else:
            source, output = pair
            aliases[output] = source
    return replace(graph, operations=tuple(kept), aliases=aliases)


def _pair(graph: Graph, operation: Operation) -> tuple[int, int] | None:
    """Input and output of an operator that moves nothing."""
    if operation.name in HANDLES:
        return _read(graph, operation)
    if not is_movement(operation.name):
        return None
    op = reader_of(operation.name)(OpContext(graph, operation))
    source = op.alias_of if isinstance(op, Move) else None
    return None if source is None or source.is_constant else (source.index, operation.outputs[0])


def _read(graph: Graph, operation: Operation) -> tuple[int, int]:
    op = OpContext(graph, operation)
    source, output = op.input(0), op.output()
    op.require(not source.is_constant, "a constant input", "inputs that the model computes")
    op.require(source.type == output.type, f"{source.type} to {output.type}", "one type")
    op.require(source.size == output.size > 0, f"{source.size} to {output.size} values", "as many values as before")
    return source.index, output.index
