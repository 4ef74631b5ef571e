"""A RELU or RELU6 of its own behind an operator that can clamp what it computes: the operator does it.

Exact, because it is tried: for every value, the activation answers what the operator's own clamp would. That is so if
scales and zero points are equal, and for a RELU6 always, since TFLM's looks at neither of its output. The activation's
output becomes another name of the operator's.
"""

from __future__ import annotations

from dataclasses import replace

from tinyml_pipeline.compiler.graph import Graph, Operation
from tinyml_pipeline.compiler.ops._context import INT8_MAX, INT8_MIN, OpContext
from tinyml_pipeline.compiler.ops._unary import Unary
from tinyml_pipeline.compiler.passes._chain import read_once, renamed, unary_of
from tinyml_pipeline.errors import UnsupportedError

_TAKERS = (
    "ADD", "AVERAGE_POOL_2D", "CONV_2D", "DEPTHWISE_CONV_2D", "DIV", "FULLY_CONNECTED", "MAX_POOL_2D", "MUL", "SUB",
    "TRANSPOSE_CONV",
)  # fmt: skip
_STORED = range(INT8_MIN, INT8_MAX + 1)  # a sum beyond is clamped as the nearest of these
_ACTIVATIONS = ("NONE", "RELU", "RELU6", "RELU_N1_TO_1")


def run(graph: Graph) -> Graph:
    """Only outputs that nothing but the activation reads are clamped."""
    inner = read_once(graph)
    kept: dict[int, Operation] = {}  # by the tensor that it writes first
    for operation in graph.operations:
        op = unary_of(graph, operation)
        before = -1 if op is None else graph.storage(operation.inputs[0])
        clamped = _clamped(graph, kept[before], op) if op is not None and before in kept and before in inner else None
        if clamped is None:
            kept[operation.outputs[0] if operation.outputs else -1 - len(kept)] = operation
        else:
            kept[before] = clamped
            graph = renamed(graph, operation.outputs[0], operation.inputs[0], inner)
    return replace(graph, operations=tuple(kept.values()))


def _clamped(graph: Graph, producer: Operation, op: Unary) -> Operation | None:
    """The producer with the activation that makes `op` needless; None without one."""
    if producer.name not in _TAKERS or len(producer.outputs) != 1:
        return None
    output = graph.tensors[producer.outputs[0]]
    try:
        quantization = OpContext(graph, producer).quantization(output, "an output")
        low, high = OpContext(graph, producer).activation_range(quantization)
        for name in _ACTIVATIONS:
            options = {**producer.options, "fused_activation_function": name}
            changed = replace(producer, options=options)
            least, most = OpContext(graph, changed).activation_range(quantization)
            if all(op.answer(min(max(sum_, low), high)) == min(max(sum_, least), most) for sum_ in _STORED):
                return changed
    except UnsupportedError:
        pass
    return None
