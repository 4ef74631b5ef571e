"""What a .tflite really is, in plain language, and what keeps it from a microcontroller."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tinyml_pipeline.compiler.edges import Edge, float_operations, inner_graph, model_edges, runs_as
from tinyml_pipeline.compiler.graph import Graph, Operation, Tensor
from tinyml_pipeline.errors import ModelFileError

_HOW = (
    "Convert the float model with a representative dataset, TFLITE_BUILTINS_INT8, and inference_input_type and "
    "inference_output_type set to int8"
)
# Interpreters, proofs and sketches hold a thousand vectors of each port; no supported board has this much RAM.
MOST_PORT_BYTES = 1 << 20
_MADE_UP = re.compile(r"((StatefulPartitionedCall|PartitionedCall|Identity)(_\d+)?|(input|output)_\d+)?")
# Dense layers that share one tensor of weights: two may be twins (siamese networks), more are steps.
_UNROLLED_STEPS = 3
# Layers with an int8 form that do what the float one was there for.
_INSTEAD = {"ELU": "relu or leaky_relu"}
# Operators of which TFLM hands on stored values whatever their scales, and the way out.
_ONE_SCALE = "Convert the model again: TensorFlow's converter gives inputs and output one scale."
_HANDED_ON = {
    "RELU6": "Put relu6 right behind Dense, Conv2D, DepthwiseConv2D or Add, whose output it then clamps, or use relu.",
    "MAXIMUM": _ONE_SCALE,
    "MINIMUM": _ONE_SCALE,
}


@dataclass(frozen=True)
class ValueLint:
    """One value of an input or output: the `steps` of 256 that its range, `low` to `high`, or what it was seen to be,
    gets; and what one is worth."""

    name: str
    low: float
    high: float
    steps: int
    step: float
    unit: str = ""

    def __str__(self) -> str:
        unit = f" {self.unit}" if self.unit else ""
        return (
            f"{self.name}: {self.low:.6g} to {self.high:.6g}{unit}, {self.steps} of 256 steps, one step is"
            f" {self.step:.4g}{unit}"
        )


@dataclass(frozen=True)
class PortLint:
    """One input or output: what its stored type makes of it. `used` is the share of its steps, 256 of int8, that the
    vectors span."""

    name: str
    shape: tuple[int, ...]
    step: float
    low: float
    high: float
    used: float | None
    type: str = "INT8"
    """Of the file's tensor."""
    stored: str = "INT8"
    """What it is inside the model."""
    is_scaled: bool = False
    """Whether its values have scales of their own; then `step`, `low` and `high` are those of the scaled values."""
    values: tuple[ValueLint, ...] = ()
    """Empty where there are too many to list, or one on the tensor's scale."""


@dataclass(frozen=True)
class LintReport:
    """`problems` are sentences, worst first; a model without any is full int8 of batch 1."""

    operations: tuple[tuple[str, int, int], ...]
    """Name, version and count of each, in the order of their first call."""
    tensors: int
    per_channel_dense: bool
    inputs: tuple[PortLint, ...]
    outputs: tuple[PortLint, ...]
    problems: tuple[str, ...]
    other_types: tuple[tuple[str, int], ...] = ()
    """Of tensors inside the model: other types than int8 and int32, and how many have them."""
    int32_for: str = ""
    """What its int32 numbers are; empty if it has none."""
    remarks: tuple[str, ...] = ()
    """Sentences on what works, but costs more than it should, or is not what the network means."""

    def check(self) -> None:
        """Raise ModelFileError with the first problem."""
        if self.problems:
            raise ModelFileError(self.problems[0])

    def lines(self) -> list[str]:
        ops = ", ".join(f"{count} x {name} v{version}" for name, version, count in self.operations)
        lines = [f"operations: {ops or 'none'}"]
        if not self.problems:
            dense = any(name == "FULLY_CONNECTED" for name, _, _ in self.operations)
            weights = "per channel" if self.per_channel_dense else "per tensor"
            lines.append(f"{self._types}, batch 1{self._edges}" + (f", dense layers {weights}" if dense else ""))
        for role, ports in (("input", self.inputs), ("output", self.outputs)):
            for port in ports:
                kind = port.stored.lower()
                used = "" if port.used is None else f"; {100 * port.used:.0f} % of the {kind} range is used"
                span = f"{port.low:.6g} to {port.high:.6g}"
                if port.is_scaled:
                    lines.append(f"{role} {port.name}: each value has a scale of its own{used}")
                else:
                    lines.append(f"{role} {port.name}: {span}, one step is {port.step:.4g}{used}")
                lines += [f"  {value}" for value in port.values]
        lines += [f"note: {remark}" for remark in self.remarks]
        return lines + [f"problem: {problem}" for problem in self.problems]

    @property
    def _types(self) -> str:
        """'all 8 tensors are int8 (biases int32)', or 'of 8 tensors 2 are float32, the others int8 (biases int32)'."""
        others = [f"{count} {'is' if count == 1 else 'are'} {name}" for name, count in self.other_types]
        biases = f" ({self.int32_for} int32)" if self.int32_for else ""
        if others:
            return f"of {self.tensors} tensors {', '.join(others)}, the others int8{biases}"
        return f"all {self.tensors} tensors are int8{biases}"

    @property
    def _edges(self) -> str:
        """', but outputs in float32': of the ports, those that are not int8."""
        inputs, outputs = ({port.type.lower() for port in ports} - {"int8"} for ports in (self.inputs, self.outputs))
        roles = {"inputs and outputs": inputs & outputs, "inputs": inputs - outputs, "outputs": outputs - inputs}
        found = [f"{role} in {' and '.join(sorted(types))}" for role, types in roles.items() if types]
        return f", but {', '.join(found)}" if found else ""


def lint(
    graph: Graph,
    inputs: Sequence[npt.NDArray[np.int8]] = (),
    outputs: Sequence[npt.NDArray[np.int8]] = (),
    input_labels: Sequence[str] = (),
    output_labels: Sequence[str] = (),
) -> LintReport:
    """Look at a model; with `inputs` and `outputs`, one int8 array a port, also at how much of the range they use.

    The labels, one a port, stand for the file's own names of inputs and outputs.
    """
    input_edges, output_edges = model_edges(graph)
    counts = Counter((operation.name, operation.version) for operation in graph.operations)
    return LintReport(
        tuple((name, version, count) for (name, version), count in counts.items()),
        len(graph.tensors),
        graph_has_per_channel_dense(graph),
        _ports(input_edges, input_labels or port_names(graph.input_names, "input"), inputs),
        _ports(output_edges, output_labels or port_names(graph.output_names, "output"), outputs),
        tuple(_problems(graph)),
        _other_types(graph, input_edges, output_edges),
        _int32_for(graph),
        tuple(remark for remark in (unrolled(graph), _float_remark(graph), *wrong_in_tflm(graph)) if remark),
    )


def _other_types(graph: Graph, *edges: Sequence[Edge]) -> tuple[tuple[str, int], ...]:
    outside = {edge.own.index for ports in edges for edge in ports}
    inside = [tensor.type.lower() for tensor in graph.tensors if tensor.index not in outside]
    return tuple(sorted(Counter(name for name in inside if name not in ("int8", "int32")).items()))


def _int32_for(graph: Graph) -> str:
    found = {tensor.quantization is not None for tensor in graph.tensors if tensor.type == "INT32"}
    return " and ".join(name for name, is_there in (("biases", True in found), ("indices", False in found)) if is_there)


def port_names(names: Sequence[str], role: str) -> list[str]:
    """The names of a model's inputs or outputs, without the marks and made-up names of the converter."""
    short = [re.sub(r"^serving_default_|:\d+$", "", name) for name in names]
    plain = [role] if len(names) == 1 else [f"{role}_{position}" for position in range(len(names))]
    return [other if _MADE_UP.fullmatch(name) else name for name, other in zip(short, plain, strict=True)]


def unrolled(graph: Graph) -> str | None:
    """What an unrolled recurrent layer costs, and the way out; None if no dense weights are used step after step."""
    uses = Counter(
        operation.inputs[1] for operation in graph.operations
        if operation.name == "FULLY_CONNECTED" and len(operation.inputs) > 1 and operation.inputs[1] >= 0
    )  # fmt: skip
    steps = max(uses.values(), default=0)
    shared = [index for index, count in uses.items() if count >= _UNROLLED_STEPS]
    if not any(_is_chained(graph, weights) for weights in shared):
        return None  # twins, or steps that know nothing of each other
    constants = {index for operation in graph.operations for index in operation.inputs if index >= 0}
    parameters = sum(
        graph.tensors[index].size for index in constants
        if graph.tensors[index].is_constant and graph.tensors[index].quantization is not None
    )  # fmt: skip
    return (
        f"a recurrent layer is unrolled into {steps} steps, so {parameters:,} parameters take the code and memory of"
        f" {len(graph.operations)} operators. Shorten the sequence, use Conv1D instead, or make the .tflite yourself,"
        " with unroll=False and a batch of 1, which gives one operator for TFLM."
    )


def _is_chained(graph: Graph, weights: int) -> bool:
    """Whether a dense layer with these weights is computed of what another one with them gave."""
    derived: set[int] = set()
    for operation in graph.operations:
        is_use = operation.name == "FULLY_CONNECTED" and weights in operation.inputs[1:2]
        if is_use and operation.inputs[0] in derived:
            return True
        if is_use or derived.intersection(operation.inputs):
            derived.update(operation.outputs)
    return False


def wrong_in_tflm(graph: Graph) -> list[str]:
    """Operators whose stored values TFLM hands on, though the output has another scale: its answers are not what the
    network means, on every device."""
    remarks = []
    for operation in graph.operations:
        if operation.name not in _HANDED_ON or operation.wrong_arity:
            continue
        output = graph.tensors[operation.outputs[0]]
        for source in [graph.tensors[index] for index in operation.inputs]:
            misread = _misread(source, output, from_zero=operation.name == "RELU6")
            if misread is None:
                continue
            layer = output.name.split(";")[0]
            remarks.append(
                f"{operation.name} (op {operation.index}, '{layer}') is wrong in TFLM: it never converts from the scale"
                f" of its input to that of its output, so {misread[0]:.3g} becomes {misread[1]:.3g}."
                f" {_HANDED_ON[operation.name]}"
            )
            break
    return remarks


def _misread(source: Tensor, output: Tensor, *, from_zero: bool) -> tuple[float, float] | None:
    """A value of `source`, and what it is in the quantization of `output`, where both differ most; None if they differ
    by less than half a step."""
    given, wanted = source.quantization, output.quantization
    if source.type != "INT8" or output.type != "INT8" or given is None or wanted is None:
        return None
    least = max(given.zero_point, -128) if from_zero else -128
    most = min(given.zero_point + round(6 / given.scale), 127) if from_zero and given.scale > 0 else 127
    pairs = [
        (given.scale * (stored - given.zero_point), wanted.scale * (stored - wanted.zero_point))
        for stored in (least, most)
    ]
    worst = max(pairs, key=lambda pair: abs(pair[0] - pair[1]))
    return worst if abs(worst[0] - worst[1]) >= wanted.scale / 2 else None


def _float_remark(graph: Graph) -> str | None:
    """What operators cost that the converter left in float32 inside the model; None without any."""
    names = sorted({operation.name for operation in float_operations(graph)})
    if not names:
        return None
    compute, them = ("computes", "it") if len(names) == 1 else ("compute", "them")
    return (
        f"{', '.join(names)} {compute} in float32 between int8 tensors, because the converter has no int8 form of"
        f" {them}: slow in TFLM on a chip without a floating-point unit; plain C has a table of 256 bytes instead."
    )


def graph_has_per_channel_dense(graph: Graph) -> bool:
    """Whether a dense layer's weights have a scale for each output; TFLM of before September 2024 computes it wrong."""
    weights = (
        graph.tensors[operation.inputs[1]] for operation in graph.operations
        if operation.name == "FULLY_CONNECTED" and len(operation.inputs) > 1 and operation.inputs[1] >= 0
    )  # fmt: skip
    return any(tensor.quantization is not None and tensor.quantization.per_channel for tensor in weights)


def _ports(
    edges: Sequence[Edge], names: Sequence[str], vectors: Sequence[npt.NDArray[np.int8]]
) -> tuple[PortLint, ...]:
    ports = []
    for position, (edge, name) in enumerate(zip(edges, names, strict=True)):
        tensor = edge.inner
        if tensor.quantization is None:
            continue
        step, zero_point = tensor.quantization.scale, tensor.quantization.zero_point
        low, high = tensor.dtype.lowest, tensor.dtype.highest
        values = vectors[position] if position < len(vectors) else np.empty(0, np.int8)
        used = (int(values.max()) - int(values.min()) + 1) / (high - low + 1) if values.size else None
        ends = step * (low - zero_point), step * (high - zero_point)
        ports.append(PortLint(name, tensor.shape, step, *ends, used, edge.own.type, tensor.type))
    return tuple(ports)


def _problems(graph: Graph) -> list[str]:
    if not graph.operations:
        return ["it has no operation; there is nothing to run."]
    if not graph.inputs or not graph.outputs:
        return [f"it has no {'output' if graph.inputs else 'input'}; there is nothing to run."]
    inputs, outputs = model_edges(graph)
    ports = [edge.inner for edge in (*inputs, *outputs)]
    custom = [operation for operation in graph.operations if operation.name.startswith("CUSTOM:")]
    strange = [
        edge.inner
        for role, edges in (("input", inputs), ("output", outputs))
        for edge in edges
        if not runs_as(graph, edge.inner, role)
    ]
    kind = _custom(custom[0]) if custom else _wrong_kind(graph, strange)
    if kind:
        return [kind]
    problems = [
        f"its input '{name}' has batch {graph.tensors[index].shape[0]} (shape {list(graph.tensors[index].shape)}); "
        "supported: one sample per inference. Convert it with a fixed batch of 1."
        for index, name in zip(graph.inputs, graph.input_names, strict=True)
        if len(graph.tensors[index].shape) > 1 and graph.tensors[index].shape[0] != 1
    ]
    for tensor in ports:
        if tensor.size == 0:
            problems.append(f"tensor '{tensor.name}' is empty (shape {list(tensor.shape)}). Convert the model again.")
        elif tensor.size > MOST_PORT_BYTES:
            problems.append(
                f"tensor '{tensor.name}' has {tensor.size:,} values (shape {list(tensor.shape)}); supported: inputs and"
                f" outputs of up to {MOST_PORT_BYTES:,}, more than the RAM of any supported board."
            )
        quantization = tensor.quantization
        if tensor.type == "INT32" and quantization is None:
            continue  # indices, such as ARG_MAX's
        sound = quantization is not None and not quantization.per_channel and quantization.scale > 0
        low, high = tensor.dtype.lowest, tensor.dtype.highest
        if not (sound and quantization is not None and low <= quantization.zero_point <= high):
            kind = tensor.type.lower()
            problems.append(f"tensor '{tensor.name}' is {kind} without one scale above 0 and a zero point. {_HOW}.")
    inner = inner_graph(graph)
    problems += [problem for operation in inner.operations if (problem := _operation_problem(inner, operation))]
    return problems


def _wrong_kind(graph: Graph, strange: Sequence[Tensor]) -> str | None:
    """One sentence for a model that is of another kind as a whole; `strange` are ports that no int8 model has."""
    types = {tensor.type for tensor in graph.tensors}
    inside = {tensor.type for tensor in graph.tensors if not tensor.is_constant}
    outside = {tensor.type for tensor in strange}
    if not outside:
        return None
    quantized = inside & {"INT8", "UINT8", "INT16"}
    if not quantized and "FLOAT32" in outside and types & {"INT8", "UINT8", "INT4"}:
        return f"it is a dynamic-range model: int8 weights, but it computes in float32. {_HOW}."
    if not quantized and "FLOAT32" in inside:
        return f"it is a float model (its tensors are {_join(types)}), not int8. {_HOW}."
    others = _join(outside)
    if "INT8" in quantized:
        return f"it computes in int8, but its inputs or outputs are {others}; supported: int8 ports. {_HOW}."
    if "INT16" in quantized:
        return f"it has int16 activations (16x8); supported: int8. {_HOW}."
    if "UINT8" in quantized:
        return f"it is quantized to uint8, TensorFlow Lite's scheme of before 2020; supported: int8. {_HOW}."
    return f"its inputs or outputs are {others}; supported: int8. {_HOW}."


def _custom(operation: Operation) -> str:
    name = operation.name.removeprefix("CUSTOM:")
    what = f"op {operation.index} is the custom operator '{name}'"
    if name == "ethos-u":
        return (
            f"{what}: Vela compiled this model for an Arm Ethos-U, and only that runs it. Pass the .tflite that Vela"
            " was given."
        )
    if name.startswith("Flex"):
        return f"{what}, which calls TensorFlow itself. Convert the model with TFLITE_BUILTINS_INT8 alone."
    return f"{what}, which is unsupported. Replace the layer that it comes from."


def _operation_problem(graph: Graph, operation: Operation) -> str | None:
    wrong = operation.wrong_arity
    if wrong is not None:
        return f"{wrong} Convert the model again."
    if any(graph.tensors[index].type == "FLOAT32" for index in operation.outputs):
        return _float_island(graph, operation)
    return None


def _float_island(graph: Graph, operation: Operation) -> str:
    """Name the operation between DEQUANTIZE and QUANTIZE, not the DEQUANTIZE that leads to it."""
    if operation.name == "DEQUANTIZE":
        readers = [o for o in graph.operations if set(operation.outputs) & set(o.inputs)]
        operation = readers[0] if readers else operation
    layer = graph.tensors[operation.outputs[0]].name.split(";")[0]
    remedy = f"Use {_INSTEAD[operation.name]} instead" if operation.name in _INSTEAD else "Replace the layer"
    return (
        f"{operation.name} (op {operation.index}, '{layer}') computes in float32 in the middle of the int8 model: the"
        f" converter had no int8 form of it, or no range of its values. {remedy}, or calibrate it."
    )


def _join(types: set[str]) -> str:
    return ", ".join(sorted(name.lower() for name in types))
