"""RESHAPE, SQUEEZE and EXPAND_DIMS: the same bytes under another shape; no copy, no memory."""

from __future__ import annotations

from dataclasses import replace

from tinyml_pipeline.compiler.graph import Graph, Operation
from tinyml_pipeline.compiler.ops._context import OpContext

HANDLES = ("RESHAPE", "SQUEEZE", "EXPAND_DIMS")


def run(graph: Graph) -> Graph:
    """Without these operators; their outputs are aliases of their inputs."""
    aliases = dict(graph.aliases)
    kept = []
    for operation in graph.operations:
        if operation.name in HANDLES:
            source, output = _read(graph, operation)
            aliases[output] = source
        else:
            kept.append(operation)
    return replace(graph, operations=tuple(kept), aliases=aliases)


def _read(graph: Graph, operation: Operation) -> tuple[int, int]:
    op = OpContext(graph, operation)
    source, output = op.activation(0), op.output()
    op.require(source.type == output.type, f"{source.type} to {output.type}", "one type")
    op.require(source.size == output.size > 0, f"{source.size} to {output.size} values", "as many values as before")
    return source.index, output.index
