"""QUANTIZE and DEQUANTIZE at the model's edges: float32 or uint8 outside, int8 inside, or int16 if the file has it.

They become the conversion helpers of NAME.h, so that no float enters the inference. Published models are usually so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tinyml_pipeline.compiler.dtypes import DType
from tinyml_pipeline.compiler.graph import Graph, Operation, Tensor
from tinyml_pipeline.compiler.ops._requantize import FROM_FLOAT, TO_FLOAT

HANDLES = ("QUANTIZE", "DEQUANTIZE")


def run(graph: Graph) -> Graph:
    """The inputs are what a QUANTIZE makes of the file's, the outputs what a DEQUANTIZE or QUANTIZE reads."""
    gone: set[int] = set()
    inputs = [_inside(graph, index, gone) for index in graph.inputs]
    outputs = [_before(graph, index, gone) for index in graph.outputs]
    kept = tuple(operation for operation in graph.operations if id(operation) not in gone)
    return replace(graph, operations=kept, inputs=tuple(inputs), outputs=tuple(outputs))


def _inside(graph: Graph, index: int, gone: set[int]) -> int:
    """The tensor that the only reader of an input makes of it, or the input itself."""
    users = graph.users(index)
    if len(users) != 1 or index in graph.outputs or index in graph.aliases.values():
        return index
    (user,) = users
    if (
        user.name != "QUANTIZE"
        or user.wrong_arity
        or not _converts(graph.tensors[index], graph.tensors[user.outputs[0]], FROM_FLOAT)
    ):
        return index
    if user.outputs[0] in graph.outputs:
        return index
    gone.add(id(user))
    return user.outputs[0]


def _before(graph: Graph, index: int, gone: set[int]) -> int:
    """The tensor that an output is made of, or the output itself."""
    maker = graph.maker(index)
    wanted = "DEQUANTIZE" if graph.tensors[index].type == "FLOAT32" else "QUANTIZE"
    if (
        maker is None
        or maker.name != wanted
        or maker.wrong_arity
        or graph.users(index)
        or index in graph.aliases.values()
    ):
        return index
    source = maker.inputs[0]
    if not _converts(graph.tensors[index], graph.tensors[source], TO_FLOAT) or graph.tensors[source].is_constant:
        return index
    gone.add(id(maker))
    return source


def _converts(outer: Tensor, inner: Tensor, kinds: Sequence[DType]) -> bool:
    """Whether the header's helpers convert between the two exactly as TFLM does; `kinds` go with float32."""
    quantization = inner.quantization
    if outer.size != inner.size or quantization is None or quantization.per_channel:
        return False
    if outer.type == "FLOAT32":
        return inner.type in [kind.value for kind in kinds]
    return (outer.type, inner.type) == ("UINT8", "INT8") and same_steps(outer, inner)


def same_steps(outer: Tensor, inner: Tensor) -> bool:
    """Whether a uint8 tensor differs from an int8 one by 128 only, the usual case."""
    a, b = outer.quantization, inner.quantization
    return a is not None and b is not None and a.scale == b.scale and a.zero_point - 128 == b.zero_point


__all__ = ["HANDLES", "Operation", "run", "same_steps"]
