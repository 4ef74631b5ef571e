"""The model's inputs and outputs as the file has them, such as float32, and the quantized tensors just inside."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyml_pipeline.compiler.graph import Graph, Operation, Tensor
from tinyml_pipeline.compiler.ops._requantize import ISLAND
from tinyml_pipeline.compiler.passes import float_edges, float_islands, float_moves
from tinyml_pipeline.compiler.passes.float_moves import moves


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
    core = float_edges.run(float_moves.run(graph))
    return _edges(core, graph.inputs, core.inputs), _edges(core, graph.outputs, core.outputs)


def runs_as(graph: Graph, inner: Tensor, role: str) -> bool:
    """Whether a port of this type is at home in an int8 model: int8 itself; other types that every reader makes int8
    of by QUANTIZE, or that a QUANTIZE makes of int8; int32 indices as an output. Data movement may lie between."""
    if inner.type == "INT8":
        return True
    graph = float_moves.run(graph)
    if role == "input":
        readers = _readers(graph, inner.index)
        return inner.type in ("UINT8", "INT16") and bool(readers) and readers <= set(float_edges.HANDLES)
    if inner.type == "INT32" and inner.quantization is None:
        return inner.index not in graph.inputs
    return inner.type in ("UINT8", "INT16", "INT32") and _maker(graph, inner.index) == "QUANTIZE"


def _readers(graph: Graph, index: int) -> set[str]:
    """The names of the operators that read a tensor, or what data movement makes of it."""
    names: set[str] = set()
    for user in graph.users(index):
        if moves(user.name):
            names = names.union(*(_readers(graph, output) for output in user.outputs))
        else:
            names.add(user.name)
    return names


def _maker(graph: Graph, index: int) -> str | None:
    """The name of the operator that computes what data movement makes a tensor of; None for an input."""
    maker = graph.maker(index)
    while maker is not None and moves(maker.name) and maker.inputs:
        data = [source for source in maker.inputs if source != -1 and not graph.tensors[source].is_constant]
        maker = graph.maker(data[0]) if data else None
    return None if maker is None else maker.name


def inner_graph(graph: Graph) -> Graph:
    """Without the QUANTIZE and DEQUANTIZE between `own` and `inner` of an edge, operators on constants, and the float
    operators that the compiler makes a table of."""
    core = float_edges.run(float_islands.without_islands(float_moves.run(graph)))
    known = {tensor.index for tensor in graph.tensors if tensor.is_constant} | {-1}
    kept = []
    for operation in core.operations:
        if operation.inputs and known.issuperset(operation.inputs):
            known.update(operation.outputs)
        else:
            kept.append(operation)
    return replace(core, operations=tuple(kept))


def float_operations(graph: Graph) -> tuple[Operation, ...]:
    """The operators that compute in float32 between int8 tensors, in order."""
    inside = float_islands.without_islands(float_moves.run(graph))
    found: dict[int, Operation] = {}
    for operation in inside.operations:
        if ISLAND in operation.options:
            found |= {other.index: other for other in operation.options[ISLAND].inner}
    return tuple(found[index] for index in sorted(found))


def _edges(core: Graph, own: tuple[int, ...], inner: tuple[int, ...]) -> tuple[Edge, ...]:
    return tuple(Edge(core.tensors[outer], core.tensors[index]) for outer, index in zip(own, inner, strict=True))
