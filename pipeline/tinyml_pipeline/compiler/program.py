"""Graph -> Program: what is called in which order, on which memory. No text yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from tinyml_pipeline.compiler.dtypes import DType
from tinyml_pipeline.compiler.graph import Graph, Operation, Quantization, Tensor
from tinyml_pipeline.compiler.join import select_joined
from tinyml_pipeline.compiler.layout import STATIC, Layout
from tinyml_pipeline.compiler.lowering import Argument, Array, At, Buffer, Call, Lowering
from tinyml_pipeline.compiler.memory.offline_plan import check_offline_plan
from tinyml_pipeline.compiler.memory.plan import MemoryPlan
from tinyml_pipeline.compiler.memory.storage import Memory, Storage
from tinyml_pipeline.compiler.op import Op
from tinyml_pipeline.compiler.operators import check_operators
from tinyml_pipeline.compiler.ops import reader_of
from tinyml_pipeline.compiler.ops._context import OpContext
from tinyml_pipeline.compiler.passes import run_passes
from tinyml_pipeline.compiler.passes.fold_constants import Evaluate
from tinyml_pipeline.compiler.select import UNLIMITED, Budget, Choice
from tinyml_pipeline.compiler.soundness import check_operations, check_types
from tinyml_pipeline.compiler.target import Target
from tinyml_pipeline.compiler.value_scales import NO_SCALE, ValueScale
from tinyml_pipeline.errors import UnsupportedError

_PORT_TYPES = ("INT8", "UINT8", "INT16", "INT32", "INT64", "BOOL")


@dataclass(frozen=True)
class TensorPort:
    """One input or output of the compiled model: `tensor` is what the kernels see, `own` what the file has.

    The two differ at an edge of float32 or uint8. Indices, such as ARG_MAX's, have no quantization. `value_scale` is
    what a real value becomes before it is stored.
    """

    name: str
    tensor: Tensor
    own: Tensor
    quantization: Quantization | None
    value_scale: ValueScale = NO_SCALE


@dataclass(frozen=True)
class Step:
    """One operation that is left after the passes, with its kernel.

    `lowering` is the kernel's, but for constants that the target has to copy before a call.
    """

    operation: Operation
    choice: Choice
    lowering: Lowering

    @property
    def op(self) -> Op:
        return self.choice.op


@dataclass(frozen=True)
class Program:
    """`storages` holds every activation that a kernel reads or writes; `copies` pairs a tensor with the number of the
    output that must be filled from it after the last step. `buffers` numbers each step's buffers in `plan`."""

    graph: Graph
    """After the passes."""
    inputs: tuple[TensorPort, ...]
    outputs: tuple[TensorPort, ...]
    steps: tuple[Step, ...]
    storages: Mapping[int, Storage]
    copies: tuple[tuple[int, int], ...]
    plan: MemoryPlan
    buffers: Mapping[tuple[int, str], int]
    """(number of the step, suffix) -> key in the plan."""
    layout: Layout = STATIC

    @property
    def constant_bytes(self) -> int:
        """Of all constant arrays, each as large as its C type makes it."""
        return sum(step.lowering.constant_bytes for step in self.steps)


def make_program(
    graph: Graph,
    target: Target,
    budget: Budget | None = None,
    evaluate: Evaluate | None = None,
    layout: Layout = STATIC,
) -> Program:
    """`evaluate` asks TFLM about operators on constants. Raises UnsupportedError if the model has anything for which
    there is no exact form."""
    _refuse_state(graph)
    check_operations(graph)
    core = run_passes(graph, evaluate)
    if evaluate is None:
        _refuse_float_constants(core)
    check_operators(core)
    check_types(graph)
    check_offline_plan(graph)
    inputs = _ports(graph, core, "input")
    outputs = _ports(graph, core, "output")
    if not inputs or not outputs:
        raise UnsupportedError("the model has no input or no output; supported: at least one of each.")
    ops = [reader_of(operation.name)(OpContext(core, operation)) for operation in core.operations]
    budget = budget or UNLIMITED
    program = _laid_out(*select_joined(core, ops, target, budget), inputs, outputs, target, layout)
    smallest = program
    while (limits := _with_less_scratch(program, budget)) is not None:
        try:
            found = select_joined(core, ops, target, limits)
        except UnsupportedError:
            break  # nothing takes less scratch memory
        program = _laid_out(*found, inputs, outputs, target, layout)
        smallest = min(smallest, program, key=lambda found: found.plan.size_bytes)
    _check_size(smallest, target)
    return smallest


def _laid_out(
    core: Graph,
    choices: Sequence[Choice],
    inputs: tuple[TensorPort, ...],
    outputs: tuple[TensorPort, ...],
    target: Target,
    layout: Layout,
) -> Program:
    steps = tuple(
        Step(operation, choice, _with_constants(choice.chosen.lowering, target))
        for operation, choice in zip(core.operations, choices, strict=True)
    )
    alignments = [target.alignment if choice.chosen.kernel.needs else 1 for choice in choices]
    indices, lowerings = [port.tensor.index for port in outputs], [step.lowering for step in steps]
    memory = Memory(core, indices, lowerings, alignments, ports_inside=layout.ports_inside)
    plan = memory.plan()
    return Program(core, inputs, outputs, steps, memory.storages(), memory.copies(), plan, memory.buffers, layout)


def _with_less_scratch(program: Program, budget: Budget) -> Budget | None:
    """If the plan takes more than the RAM: a budget in which the kernel with the most scratch memory is not chosen."""
    most = max((step.choice.chosen.cost.scratch_bytes for step in program.steps), default=0)
    if budget.ram_bytes is None or program.plan.size_bytes <= budget.ram_bytes or most == 0:
        return None
    return Budget(budget.flash_bytes, most - 1)


def _refuse_float_constants(graph: Graph) -> None:
    """Only TFLM could compute what an operator makes of them."""
    for operation in graph.operations:
        tensors = [graph.tensors[index] for index in (*operation.inputs, *operation.outputs) if index != -1]
        if graph.has_constant_inputs(operation) and any(tensor.type == "FLOAT32" for tensor in tensors):
            raise OpContext(graph, operation).unsupported(
                "this operator on float32 constants", "that where tflite-micro is installed, which has to compute it"
            )


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
                " resource variable); supported as plain C: models without state. Convert it without state.",
                operator=operation.name,
                index=operation.index,
            )


def _check_size(program: Program, target: Target) -> None:
    """Every count must fit a size_t of the target, and constants what its pointers reach."""
    tensors = [program.graph.tensors[index].size_bytes for index in program.storages]
    for what, size_bytes in (
        ("constants", program.constant_bytes),
        ("values between layers", program.plan.size_bytes),
        ("one tensor", max(tensors, default=0)),
    ):
        if size_bytes > target.reach_bytes:
            raise UnsupportedError(
                f"the model has {size_bytes:,} bytes of {what}; supported on {target.name}: {target.reach_bytes:,}."
            )


def _ports(graph: Graph, core: Graph, what: str) -> tuple[TensorPort, ...]:
    own, inside, names, scales = (
        (graph.inputs, core.inputs, graph.input_names, graph.input_scales)
        if what == "input"
        else (graph.outputs, core.outputs, graph.output_names, graph.output_scales)
    )
    return tuple(
        _port(core.tensors[tensor], graph.tensors[outer], name, what, scale)
        for outer, tensor, name, scale in zip(own, inside, names, scales or [NO_SCALE] * len(own), strict=True)
    )


def _port(tensor: Tensor, own: Tensor, name: str, what: str, value_scale: ValueScale) -> TensorPort:
    place = f"{what} '{name}'"
    if tensor.type not in _PORT_TYPES:
        raise UnsupportedError(
            f"{place}: type {tensor.type} is unsupported; supported: INT8, or FLOAT32 that is quantized to it at the"
            " model's edge. Convert the model to full int8."
        )
    if tensor.is_constant:
        raise UnsupportedError(f"{place}: a constant is unsupported; supported: values that the model computes.")
    if value_scale and tensor.type != "INT8":
        raise UnsupportedError(
            f"{place}: type {tensor.type} with a scale for each value is unsupported; supported: INT8."
        )
    quantization = tensor.quantization
    if quantization is None and tensor.type in ("INT32", "INT64", "BOOL"):
        return TensorPort(name, tensor, own, None)
    if quantization is None or quantization.per_channel or quantization.scale <= 0:
        raise UnsupportedError(f"{place}: it has no single scale above 0; supported: one scale and zero point.")
    low, high = tensor.dtype.lowest, tensor.dtype.highest
    if not low <= quantization.zero_point <= high:
        raise UnsupportedError(
            f"{place}: zero point {quantization.zero_point} is unsupported; supported: {low} to {high}."
        )
    return TensorPort(name, tensor, own, quantization, value_scale)


def _with_constants(lowering: Lowering, target: Target) -> Lowering:
    """Constant tensors among the arguments become arrays, copied to scratch memory if flash is not read like data."""
    calls: list[Call] = []
    held: dict[int, Array | Buffer] = {}

    def operand(tensor: Tensor) -> Array | Buffer:
        if tensor.index not in held:
            dtype = DType.INT8 if tensor.dtype is DType.INT4 else tensor.dtype
            array = Array(f"constant_{len(held)}", dtype, tensor.values)
            held[tensor.index] = array
            if target.flash_is_separate:
                copy = Buffer(f"copy_{len(held) - 1}", dtype, tensor.size)
                calls.append(Call("flash_copy", (copy, array, array.size_bytes)))
                held[tensor.index] = copy
        return held[tensor.index]

    def argument(given: Argument) -> Argument:
        if isinstance(given, Tensor) and given.is_constant:
            return operand(given)
        if isinstance(given, At) and isinstance(given.base, Tensor) and given.base.is_constant:
            return At(operand(given.base), given.offset)
        return given

    changed = [Call(call.function, tuple(argument(given) for given in call.arguments)) for call in lowering.calls]
    return replace(lowering, calls=(*calls, *changed)) if held else lowering
