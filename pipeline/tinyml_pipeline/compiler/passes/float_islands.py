"""Float operators on each element alone between a DEQUANTIZE and a QUANTIZE become one table of 256 answers.

The converter leaves such islands in an int8 model where it has no int8 form, as of NEG or EXP. TFLM itself fills the
table: it runs the island's operators on all 256 values. A DEQUANTIZE and a QUANTIZE with nothing between them need no
TFLM; between types of more than 8 bits, a kernel computes what they do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest

import numpy as np

from tinyml_pipeline.compiler.graph import Graph, Operation, Tensor
from tinyml_pipeline.compiler.ops._requantize import ISLAND, Island
from tinyml_pipeline.compiler.ops._table import OPERATORS
from tinyml_pipeline.compiler.passes.fold_constants import Evaluate
from tinyml_pipeline.compiler.passes.remove_dead import run as remove_dead

UNARY = frozenset({
    "ABS", "CEIL", "COS", "ELU", "EXP", "FLOOR", "HARD_SWISH", "LEAKY_RELU", "LOG", "LOGISTIC", "NEG", "RELU", "RELU6",
    "ROUND", "RSQRT", "SIN", "SQRT", "SQUARE", "TANH",
})  # fmt: skip
# On two values of the island, or one and a constant that is the same for all.
BINARY = frozenset({
    "ADD", "DIV", "FLOOR_DIV", "FLOOR_MOD", "MAXIMUM", "MINIMUM", "MUL", "PRELU", "SQUARED_DIFFERENCE", "SUB",
})  # fmt: skip
_MOST_PRELU_DIMENSIONS = 4  # of TFLM's in float32
# What a table's index goes through.
EVERY_VALUE = np.arange(-128, 128, dtype=np.int8)


def run(graph: Graph, evaluate: Evaluate | None = None) -> Graph:
    """The graph without islands. Without `evaluate`, compiler/ops/quantize.py refuses those that TFLM has to fill."""
    graph = without_islands(graph)
    if evaluate is None:
        return graph
    operations = []
    for operation in graph.operations:
        island = operation.options.get(ISLAND)
        if island is not None and island.inner:
            filled = _filled(graph, operation, island, evaluate)
            operation = replace(operation, options={**operation.options, ISLAND: filled})
        operations.append(operation)
    return replace(graph, operations=tuple(operations))


def without_islands(graph: Graph) -> Graph:
    """Each QUANTIZE at the end of an island reads the stored values at its beginning, and has the island as option."""
    makers = {index: operation for operation in graph.operations for index in operation.outputs}
    operations, found = [], False
    for operation in graph.operations:
        island = _find(graph, makers, operation)
        if island is not None:
            operation = replace(operation, inputs=(island.source,), options={ISLAND: island, OPERATORS: island.names})
            found = True
        operations.append(operation)
    return remove_dead(replace(graph, operations=tuple(operations))) if found else graph


@dataclass
class _Search:
    """What was found on the way from a QUANTIZE back: the operators in the order in which they run, and the int8
    tensors that they begin with."""

    graph: Graph
    makers: dict[int, Operation]
    size: int
    operations: list[Operation]
    sources: list[Tensor]

    def visit(self, index: int) -> bool:
        """Whether everything before a float tensor belongs to an island."""
        operation = self.makers.get(self.graph.storage(index))
        tensors = self.graph.tensors
        if operation is None or operation.wrong_arity or tensors[index].size != self.size:
            return False
        if operation in self.operations:
            return True
        if operation.name == "DEQUANTIZE":
            self.sources.append(tensors[operation.inputs[0]])
        elif not (
            operation.name in UNARY | BINARY
            and _shapes_fit([tensors[each] for each in operation.inputs if each != -1], tensors[operation.outputs[0]])
            and (operation.name != "PRELU" or len(tensors[operation.outputs[0]].shape) <= _MOST_PRELU_DIMENSIONS)
            and all(map(self._operand, operation.inputs))
        ):
            return False
        self.operations.append(operation)
        return True

    def _operand(self, index: int) -> bool:
        if index == -1 or self.graph.tensors[index].type != "FLOAT32":
            return False
        tensor = self.graph.tensors[index]
        return _uniform(tensor) if tensor.is_constant else self.visit(index)


def _find(graph: Graph, makers: dict[int, Operation], operation: Operation) -> Island | None:
    """The island that a QUANTIZE ends, if it begins with one tensor."""
    if operation.name != "QUANTIZE" or operation.wrong_arity:
        return None
    end, output = graph.tensors[operation.inputs[0]], graph.tensors[operation.outputs[0]]
    search = _Search(graph, makers, output.size, [], [])
    if end.type != "FLOAT32" or end.is_constant or not search.visit(end.index):
        return None
    source = search.sources[0]
    same = all(
        (graph.storage(other.index), other.quantization, other.type)
        == (graph.storage(source.index), source.quantization, source.type)
        for other in search.sources
    )
    island = Island(source.index, tuple(search.operations), operation.inputs[0])
    bytes_only = source.type == output.type == "INT8"
    if not same or source.is_constant or source.quantization is None or (island.inner and not bytes_only):
        return None
    return island


def _shapes_fit(operands: Sequence[Tensor], output: Tensor) -> bool:
    """Whether each has the output's shape, or is a constant that can be stretched to it."""
    return all(
        tensor.shape == output.shape or (tensor.is_constant and _stretches(tensor.shape, output.shape))
        for tensor in operands
    )


def _stretches(shape: tuple[int, ...], wanted: tuple[int, ...]) -> bool:
    pairs = zip_longest(reversed(shape), reversed(wanted), fillvalue=1)
    return all(size in (1, full) for size, full in pairs)


def _uniform(tensor: Tensor) -> bool:
    return tensor.size > 0 and len(np.unique(tensor.values)) == 1


def _filled(graph: Graph, end: Operation, island: Island, evaluate: Evaluate) -> Island:
    """With what TFLM answers for -128, -127, ... 127, or the operator that it refuses."""
    tensors = list(graph.tensors)
    operations = (*island.operations, replace(end, inputs=(island.end,), options={}))
    for operation in operations:
        for index in (*operation.inputs, *operation.outputs):
            tensors[index] = _shaped(graph, index, island.source)
    for operation in operations:
        answers = evaluate(replace(graph, tensors=tuple(tensors)), operation)
        if answers is None:
            return replace(island, refused=operation)
        (index,), (values,) = operation.outputs, answers
        for alias in _same_storage(graph, index, operations):
            tensors[alias] = replace(tensors[alias], data=np.ascontiguousarray(values).tobytes())
    return replace(island, answers=tuple(int(value) for value in tensors[end.outputs[0]].values))


def _shaped(graph: Graph, index: int, source: int) -> Tensor:
    """A tensor of an island as it is for 256 values: one number if it is a constant."""
    tensor = graph.tensors[index]
    if graph.storage(index) == graph.storage(source):
        return replace(tensor, shape=EVERY_VALUE.shape, data=EVERY_VALUE.tobytes())
    if tensor.is_constant:
        return replace(tensor, shape=(1,), data=tensor.values.ravel()[:1].tobytes())
    return replace(tensor, shape=EVERY_VALUE.shape)


def _same_storage(graph: Graph, index: int, operations: Sequence[Operation]) -> set[int]:
    """The tensor and those of its aliases that an island reads."""
    read = {other for operation in operations for other in operation.inputs if other != -1}
    return {index} | {other for other in read if graph.storage(other) == graph.storage(index)}
