"""The model's inputs and outputs as the file has them, such as float32, and the quantized tensors just inside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyml_pipeline.compiler.graph import Graph, Operation, Tensor
from tinyml_pipeline.compiler.passes import float_edges
from tinyml_pipeline.compiler.passes.float_edges import HANDLES


@dataclass(frozen=True)
class Edge:
    """One input or output: `own` is the file's tensor, `inner` the quantized one that it is converted to or from;
    mostly they are the same."""

    own: Tensor
    inner: Tensor

    def to_own(self, stored: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """What the file's tensor holds for stored values of `inner`, as DEQUANTIZE or QUANTIZE computes it."""
        if self.own.type == self.inner.type:
            return stored
        if self.own.type == "UINT8":
            return (stored.astype(np.int16) + 128).astype(np.uint8)
        quantization = self.inner.quantization
        assert quantization is not None, "float_edges found a scale"
        steps = stored.astype(np.float32) - np.float32(quantization.zero_point)
        return steps * np.float32(quantization.scale)

    def from_own(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The stored values that `to_own` makes these of."""
        if self.own.type == self.inner.type:
            return values
        if self.own.type == "UINT8":
            return (values.astype(np.int16) - 128).astype(np.int8)
        quantization, dtype = self.inner.quantization, self.inner.dtype
        assert quantization is not None, "float_edges found a scale"
        steps = np.rint(values.astype(np.float64) / quantization.scale) + quantization.zero_point
        stored: npt.NDArray[Any] = np.clip(steps, dtype.lowest, dtype.highest).astype(dtype.numpy)
        return stored


def model_edges(graph: Graph) -> tuple[tuple[Edge, ...], tuple[Edge, ...]]:
    """Those of the inputs and of the outputs."""
    core = float_edges.run(graph)
    return _edges(graph, graph.inputs, core.inputs), _edges(graph, graph.outputs, core.outputs)


def runs_as(graph: Graph, inner: Tensor, role: str) -> bool:
    """Whether a port of this type is at home in an int8 model: int8 itself; other types that every reader makes int8
    of by QUANTIZE, or that a QUANTIZE or DEQUANTIZE makes of int8; int32 indices as an output."""
    if inner.type == "INT8":
        return True
    if role == "input":
        users = graph.users(inner.index)
        return inner.type in ("UINT8", "INT16") and bool(users) and {user.name for user in users} <= set(HANDLES)
    maker = graph.maker(inner.index)
    if inner.type == "INT32" and inner.quantization is None:
        return inner.index not in graph.inputs
    return maker is not None and maker.name == "QUANTIZE" and inner.type in ("UINT8", "INT16", "INT32")


def inner_operations(graph: Graph) -> tuple[Operation, ...]:
    """All operators but the QUANTIZE and DEQUANTIZE between `own` and `inner` of an edge, and those on constants."""
    known = {tensor.index for tensor in graph.tensors if tensor.is_constant} | {-1}
    kept = []
    for operation in float_edges.run(graph).operations:
        if operation.inputs and known.issuperset(operation.inputs):
            known.update(operation.outputs)
        else:
            kept.append(operation)
    return tuple(kept)


def _edges(graph: Graph, own: tuple[int, ...], inner: tuple[int, ...]) -> tuple[Edge, ...]:
    tensors = graph.tensors
    return tuple(Edge(tensors[outer], tensors[index]) for outer, index in zip(own, inner, strict=True))
