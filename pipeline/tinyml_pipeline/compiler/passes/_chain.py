"""Operators in a row: what of one is read by the next alone."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from tinyml_pipeline.compiler.graph import Graph, Operation
from tinyml_pipeline.compiler.ops import may_be, reader_of
from tinyml_pipeline.compiler.ops._context import OpContext
from tinyml_pipeline.compiler.ops._unary import Unary
from tinyml_pipeline.errors import UnsupportedError


def read_once(graph: Graph) -> set[int]:
    """Tensors whose memory one operation reads, once, under whatever shape, and that are not outputs of the model."""
    reads = Counter(graph.storage(index) for operation in graph.operations for index in operation.inputs if index != -1)
    kept = {graph.storage(index) for index in graph.outputs}
    return {index for index, count in reads.items() if count == 1 and index not in kept}


def renamed(graph: Graph, output: int, source: int, inner: set[int]) -> Graph:
    """The graph with `output` as another name of `source`; what reads the one reads the other, in `inner` too."""
    if output not in inner:
        inner.discard(graph.storage(source))
    return replace(graph, aliases={**graph.aliases, output: source})


def unary_of(graph: Graph, operation: Operation) -> Unary | None:
    """What the operation does to each int8 value that the model computes; None if it is of another kind or refused."""
    if not may_be(operation.name, Unary) or graph.has_constant_inputs(operation):
        return None
    try:
        op = reader_of(operation.name)(OpContext(graph, operation))
    except UnsupportedError:
        return None
    return op if isinstance(op, Unary) else None
