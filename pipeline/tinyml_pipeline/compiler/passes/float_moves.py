"""Data movement in float32 becomes movement of what is quantized: an unrolled GRU has DEQUANTIZE, SPLIT, QUANTIZE.

DEQUANTIZE and QUANTIZE treat each element alone, so that they may come after the movement as well as before it.
DEQUANTIZE goes down as far as it can, then QUANTIZE up. The zeros of a float PAD are what a zero point stands for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tinyml_pipeline.compiler.graph import Graph, Operation, Tensor
from tinyml_pipeline.compiler.ops import reader_of
from tinyml_pipeline.compiler.ops._context import OpContext
from tinyml_pipeline.compiler.passes.fold_constants import is_movement
from tinyml_pipeline.errors import UnsupportedError

_SAME_BYTES = ("RESHAPE", "SQUEEZE", "EXPAND_DIMS")


def run(graph: Graph) -> Graph:
    """The same outputs; a DEQUANTIZE of which nothing is left to read stays for remove_dead."""
    if not any(_moves_floats(graph, operation) for operation in graph.operations):
        return graph
    return _raise_quantize(_sink_dequantize(graph))


def moves(operator: str) -> bool:
    """Whether an operator only moves elements, or gives them another shape."""
    return operator in _SAME_BYTES or is_movement(operator)


def _moves_floats(graph: Graph, operation: Operation) -> bool:
    return (
        moves(operation.name)
        and not operation.wrong_arity
        and bool(operation.outputs)
        and all(graph.tensors[index].type == "FLOAT32" for index in operation.outputs)
    )


def _sink_dequantize(graph: Graph) -> Graph:
    origins: dict[int, int] = {}
    kept: list[Operation] = []
    for operation in graph.operations:
        kept.append(operation)
        if operation.name == "DEQUANTIZE" and not operation.wrong_arity:
            (source,), (output,) = operation.inputs, operation.outputs
            if not graph.tensors[source].is_constant and graph.tensors[source].shape == graph.tensors[output].shape:
                origins[output] = source
        elif _moves_floats(graph, operation):
            inputs = [origins.get(index, index) for index in operation.inputs]
            found = _retyped(graph, operation, inputs, list(operation.outputs))
            if found is None:
                continue
            graph, moved = found
            kept[-1] = moved
            for source, output in zip(moved.outputs, operation.outputs, strict=True):
                origins[output] = source
                kept.append(Operation(operation.index, "DEQUANTIZE", 2, (source,), (output,)))
    return replace(graph, operations=tuple(kept))


def _raise_quantize(graph: Graph) -> Graph:
    """From the last movement to the first: all that reads its outputs is QUANTIZE to one type and scale."""
    for operation in reversed(graph.operations):
        readers = [graph.users(index) for index in operation.outputs]
        if not _moves_floats(graph, operation) or set(operation.outputs) & set(graph.outputs) or not all(readers):
            continue
        quantizes = [user for users in readers for user in users]
        stored = [graph.tensors[index] for user in quantizes for index in user.outputs]
        first = stored[0]
        if {user.name for user in quantizes} != {"QUANTIZE"} or any(
            (tensor.type, tensor.quantization) != (first.type, first.quantization) for tensor in stored
        ):
            continue
        if any(len(users) != 1 for users in readers) or any(user.wrong_arity for user in quantizes):
            continue
        if any(
            graph.tensors[user.inputs[0]].shape != tensor.shape for user, tensor in zip(quantizes, stored, strict=True)
        ):
            continue  # a QUANTIZE may also give another shape, which the movement may not
        before: list[Operation] = []
        inputs = []
        for index in operation.inputs:
            if index == -1 or graph.tensors[index].type != "FLOAT32" or graph.tensors[index].is_constant:
                inputs.append(index)
                continue
            graph, made = _appended(graph, graph.tensors[index], first)
            before.append(Operation(operation.index, "QUANTIZE", 1, (index,), (made,)))
            inputs.append(made)
        found = _retyped(graph, operation, inputs, [users[0].outputs[0] for users in readers], first)
        if found is None:
            continue
        graph, moved = found
        operations: list[Operation] = []
        for other in graph.operations:
            if other is operation:
                operations += [*before, moved]
            elif other not in quantizes:
                operations.append(other)
        graph = replace(graph, operations=tuple(operations))
    return graph


def _retyped(
    graph: Graph, operation: Operation, inputs: Sequence[int], outputs: list[int], like: Tensor | None = None
) -> tuple[Graph, Operation] | None:
    """The movement from `inputs`, of one type and scale, to outputs of the same: new tensors, or `outputs` that are of
    type and scale `like`. None if it is not to be had."""
    data = [graph.tensors[index] for index, old in zip(inputs, operation.inputs, strict=True)
            if old != -1 and graph.tensors[old].type == "FLOAT32"]  # fmt: skip
    if not data or any(
        tensor.is_constant or (tensor.type, tensor.quantization) != (data[0].type, data[0].quantization)
        for tensor in data
    ):
        return None
    if data[0].type == "FLOAT32":
        return None
    made = graph
    if like is None:
        places = []
        for index in outputs:
            made, place = _appended(made, graph.tensors[index], data[0])
            places.append(place)
        outputs = places
    moved = replace(operation, inputs=tuple(inputs), outputs=tuple(outputs))
    if operation.name not in _SAME_BYTES:
        try:
            reader_of(operation.name)(OpContext(made, moved))
        except UnsupportedError:
            return None
    return made, moved


def _appended(graph: Graph, shaped: Tensor, like: Tensor) -> tuple[Graph, int]:
    """A new tensor of the shape of one and of the type and scale of another."""
    index = len(graph.tensors)
    tensor = replace(shaped, index=index, type=like.type, quantization=like.quantization, data=None)
    return replace(graph, tensors=(*graph.tensors, tensor)), index
