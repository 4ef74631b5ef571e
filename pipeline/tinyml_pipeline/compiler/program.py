"""Graph -> Program: what is called in which order, on which memory. No text yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tinyml_pipeline.compiler.graph import Graph, Operation, Quantization, Tensor
from tinyml_pipeline.compiler.memory.plan import LiveRange, MemoryPlan, plan_memory
from tinyml_pipeline.compiler.ops import Layer, Lowered, lower
from tinyml_pipeline.compiler.ops._lowering import Scratch
from tinyml_pipeline.compiler.target import Target
from tinyml_pipeline.errors import UnsupportedError


@dataclass(frozen=True)
class Port:
    """One int8 input or output of the compiled model. `tensor` is what the kernels see."""

    name: str
    tensor: Tensor
    quantization: Quantization


@dataclass(frozen=True)
class Place:
    """Where a tensor lives: in the caller's memory of an input or output, or in the buffer of activations."""

    kind: str  # "input", "output" or "buffer"
    number: int  # of the port; in the buffer: the tensor that the memory is named after


@dataclass(frozen=True)
class Step:
    """One operation that does something, lowered."""

    operation: Operation
    output: Tensor
    lowered: Lowered


@dataclass(frozen=True)
class Program:
    """`places` holds every activation that a kernel reads or writes; `copies` pairs a place with an output that
    must be filled from it after the last step."""

    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    steps: tuple[Step, ...]
    places: Mapping[int, Place]
    copies: tuple[tuple[int, int], ...]
    plan: MemoryPlan

    @property
    def scratch_words(self) -> int:
        """Elements of the int32_t memory that kernels share for the time of a call."""
        calls = [call for step in self.steps for call in step.lowered.calls]
        needs = [argument.words for call in calls for argument in call.arguments if isinstance(argument, Scratch)]
        return max(needs, default=0)


def make_program(graph: Graph, target: Target) -> Program:
    """Raises UnsupportedError where the model has anything for which there is no exact form."""
    _refuse_state(graph)
    inputs, outputs, edges = _ports(graph)
    lowered = {
        operation.index: lower(Layer(graph, operation, target))
        for operation in graph.operations
        if operation.index not in edges
    }
    memory = _Memory(graph, inputs, outputs, lowered)
    steps = tuple(
        Step(operation, graph.tensors[operation.outputs[0]], lowered[operation.index])
        for operation in graph.operations
        if operation.index in lowered and not lowered[operation.index].alias
    )
    plan = plan_memory(memory.lives(), alignment=target.alignment)
    _check_size(graph, target, steps, plan)
    return Program(inputs, outputs, steps, memory.places(), memory.copies(), plan)


def _refuse_state(graph: Graph) -> None:
    for tensor in graph.tensors:
        if tensor.is_variable:
            raise UnsupportedError(
                f"tensor {tensor.index} ('{tensor.name}') keeps its value from one inference to the next (a variable"
                " tensor); supported as plain C: models without state. Convert it without state, or run it in TFLM:"
                " tinyml generate."
            )
    for operation in graph.operations:
        if operation.name in ("VAR_HANDLE", "READ_VARIABLE", "ASSIGN_VARIABLE", "CALL_ONCE"):
            raise UnsupportedError(
                f"{operation.name.lower()} (op {operation.index}) keeps a value from one inference to the next (a"
                " resource variable); supported as plain C: models without state. Convert it without state."
            )


def _check_size(graph: Graph, target: Target, steps: tuple[Step, ...], plan: MemoryPlan) -> None:
    """Every count must fit a size_t of the target, and constants what its pointers reach."""
    arrays = [array.values.nbytes for step in steps for array in step.lowered.arrays]
    largest = max((tensor.size for tensor in graph.tensors if not tensor.is_constant), default=0)
    for what, size_bytes in (
        ("constants", sum(arrays)),
        ("values between layers", plan.size_bytes),
        ("one tensor", largest),
    ):
        if size_bytes > target.reach_bytes:
            raise UnsupportedError(
                f"the model has {size_bytes:,} bytes of {what}; supported on {target.name}: {target.reach_bytes:,}."
            )


def _ports(graph: Graph) -> tuple[tuple[Port, ...], tuple[Port, ...], frozenset[int]]:
    """Inputs and outputs as int8; the float QUANTIZE and DEQUANTIZE at the model's edges (the returned operation
    indices) become the conversion helpers of the header, so that no float enters the inference."""
    edges: set[int] = set()
    inputs, outputs = [], []
    for index, name in zip(graph.inputs, graph.input_names, strict=True):
        users = [operation for operation in graph.operations if index in operation.inputs]
        if graph.tensors[index].type == "FLOAT32" and [user.name for user in users] == ["QUANTIZE"]:
            edges.add(users[0].index)
            index = users[0].outputs[0]
        inputs.append(_port(graph.tensors[index], name, "input"))
    for index, name in zip(graph.outputs, graph.output_names, strict=True):
        users = [operation for operation in graph.operations if index in operation.inputs]
        makers = [operation for operation in graph.operations if index in operation.outputs]
        if graph.tensors[index].type == "FLOAT32" and not users and [op.name for op in makers] == ["DEQUANTIZE"]:
            edges.add(makers[0].index)
            index = makers[0].inputs[0]
        outputs.append(_port(graph.tensors[index], name, "output"))
    if not inputs or not outputs:
        raise UnsupportedError("the model has no input or no output; supported: at least one of each.")
    return tuple(inputs), tuple(outputs), frozenset(edges)


def _port(tensor: Tensor, name: str, what: str) -> Port:
    place = f"{what} '{name}'"
    if tensor.type != "INT8":
        raise UnsupportedError(
            f"{place}: type {tensor.type} is unsupported; supported: INT8, or FLOAT32 that is quantized to it at the"
            " model's edge. Convert the model to full int8."
        )
    if tensor.is_constant:
        raise UnsupportedError(f"{place}: a constant is unsupported; supported: values that the model computes.")
    quantization = tensor.quantization
    if quantization is None or quantization.per_channel or quantization.scale <= 0:
        raise UnsupportedError(f"{place}: it has no single scale above 0; supported: one scale and zero point.")
    if not -128 <= quantization.zero_point <= 127:
        raise UnsupportedError(f"{place}: zero point {quantization.zero_point} is unsupported; supported: -128 to 127.")
    return Port(name, tensor, quantization)


class _Memory:
    """Groups of tensors that share their bytes: aliases always, an output with its input where a kernel may."""

    def __init__(
        self, graph: Graph, inputs: tuple[Port, ...], outputs: tuple[Port, ...], lowered: Mapping[int, Lowered]
    ) -> None:
        self._graph = graph
        self._parent: dict[int, int] = {}
        self._ports: dict[int, Place] = {}
        self._outputs = [port.tensor.index for port in outputs]
        self._first: dict[int, int] = {}
        self._last: dict[int, int] = {}
        operations = [operation for operation in graph.operations if operation.index in lowered]
        for operation in operations:
            if lowered[operation.index].alias:
                self._merge(operation.outputs[0], operation.inputs[0])
        for number, port in reversed(tuple(enumerate(outputs))):
            self._ports[self._root(port.tensor.index)] = Place("output", number)
        for number, port in enumerate(inputs):
            self._ports[self._root(port.tensor.index)] = Place("input", number)
        for operation in operations:
            for index in (*operation.inputs, *operation.outputs):
                if index != -1 and not graph.tensors[index].is_constant:
                    self._first.setdefault(self._root(index), operation.index)
                    self._last[self._root(index)] = operation.index
        for operation in operations:
            for index in lowered[operation.index].in_place:
                if self._may_take_over(index, operation):
                    self._merge(operation.outputs[0], index)
                    break

    def _root(self, index: int) -> int:
        while index in self._parent:
            index = self._parent[index]
        return index

    def _merge(self, index: int, into: int) -> None:
        child, root = self._root(index), self._root(into)
        self._parent[child] = root
        if child in self._last:
            self._last[root] = max(self._last[root], self._last.pop(child))
            del self._first[child]

    def _may_take_over(self, index: int, operation: Operation) -> bool:
        source, output = self._root(index), self._root(operation.outputs[0])
        if source in self._ports or output in self._ports or source == output:
            return False
        tensors = self._graph.tensors
        return self._last[source] == operation.index and tensors[source].size == tensors[output].size

    def lives(self) -> list[LiveRange]:
        return [
            LiveRange(root, self._graph.tensors[root].size, first, self._last[root])
            for root, first in sorted(self._first.items())
            if root not in self._ports
        ]

    def places(self) -> dict[int, Place]:
        places = {}
        for tensor in self._graph.tensors:
            root = self._root(tensor.index)
            if root in self._ports:
                places[tensor.index] = self._ports[root]
            elif root in self._first:
                places[tensor.index] = Place("buffer", root)
        return places

    def copies(self) -> tuple[tuple[int, int], ...]:
        """(tensor, number of the output port) where the port's own memory is not where its tensor is computed."""
        return tuple(
            (index, number)
            for number, index in enumerate(self._outputs)
            if self._ports[self._root(index)] != Place("output", number)
        )
