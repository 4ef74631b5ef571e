"""A chain of unary int8 operators becomes one table of 256 answers; one that changes nothing goes.

Exact, because each operator's table is: the answers of the next are looked up for those of the one before.
"""

from __future__ import annotations

from dataclasses import replace

from tinyml_pipeline.compiler.graph import Graph, Operation
from tinyml_pipeline.compiler.ops._context import INT8_MAX, INT8_MIN
from tinyml_pipeline.compiler.ops._table import ANSWERS, OPERATORS, Table
from tinyml_pipeline.compiler.ops._unary import Unary
from tinyml_pipeline.compiler.passes._chain import read_once, renamed, unary_of


def run(graph: Graph) -> Graph:
    """Only tensors that nothing else reads disappear."""
    inner = read_once(graph)
    kept: dict[int, Operation] = {}  # by the tensor that it writes first
    chains: dict[int, Unary] = {}
    for operation in graph.operations:
        op = unary_of(graph, operation)
        if op is None:
            kept[operation.outputs[0] if operation.outputs else -1 - len(kept)] = operation
            continue
        if _changes_nothing(op):
            graph = renamed(graph, operation.outputs[0], operation.inputs[0], inner)
            continue
        before = graph.storage(operation.inputs[0])
        if before in chains and before in inner:
            operation, op = _joined(kept.pop(before), chains[before], operation, op)
        kept[op.output.index], chains[op.output.index] = operation, op
    return replace(graph, operations=tuple(kept.values()))


def _changes_nothing(op: Unary) -> bool:
    return all(op.answer(stored) == stored for stored in range(INT8_MIN, INT8_MAX + 1))


def _joined(first: Operation, one: Unary, second: Operation, other: Unary) -> tuple[Operation, Unary]:
    """Both as one operation in the place of the second."""
    names = (*first.options.get(OPERATORS, (first.name,)), *second.options.get(OPERATORS, (second.name,)))
    answers = tuple(other.answer(int(stored)) for stored in one.table())
    options = {ANSWERS: answers, OPERATORS: names}
    operation = Operation(second.index, "TABLE", 1, first.inputs, second.outputs, options)
    return operation, Table(one.source, other.output, answers, names)
