"""Operators that cannot influence an output go."""

from __future__ import annotations

from dataclasses import replace

from tinyml_pipeline.compiler.graph import Graph


def run(graph: Graph) -> Graph:
    """Only operators that an output depends on, by way of aliases too, and those that write variables."""
    needed = {graph.storage(index) for index in graph.outputs}
    kept = []
    for operation in reversed(graph.operations):
        writes = {graph.storage(index) for index in operation.outputs}
        stateful = any(index != -1 and graph.tensors[index].is_variable for index in operation.inputs)
        if writes & needed or stateful:
            kept.append(operation)
            needed |= {graph.storage(index) for index in operation.inputs if index != -1}
    return replace(graph, operations=tuple(reversed(kept)))
