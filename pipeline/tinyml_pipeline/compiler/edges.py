"""The model's inputs and outputs as the file has them, float32 or uint8, and the int8 tensors just inside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyml_pipeline.compiler.graph import Graph, Operation, Tensor
from tinyml_pipeline.compiler.passes import float_edges


@dataclass(frozen=True)
class Edge:
    """One input or output: `own` is the file's tensor, `inner` the int8 one that it is converted to or from; mostly
    they are the same. `inner` of another type than INT8 is a port that is not supported."""

    own: Tensor
    inner: Tensor

    def to_own(self, stored: npt.NDArray[np.int8]) -> npt.NDArray[Any]:
        """What the file's tensor holds for stored int8 values, as DEQUANTIZE or QUANTIZE computes it."""
        if self.own.type == "UINT8":
            return (stored.astype(np.int16) + 128).astype(np.uint8)
        if self.own.type == "FLOAT32":
            quantization = self.inner.quantization
            assert quantization is not None, "float_edges found a scale"
            steps = stored.astype(np.float32) - np.float32(quantization.zero_point)
            return steps * np.float32(quantization.scale)
        return stored

    def from_own(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The int8 values that `to_own` makes these of; an int32 output stays as it is."""
        if self.own.type == "UINT8":
            return (values.astype(np.int16) - 128).astype(np.int8)
        if self.own.type == "FLOAT32":
            quantization = self.inner.quantization
            assert quantization is not None, "float_edges found a scale"
            steps = np.rint(values.astype(np.float64) / quantization.scale) + quantization.zero_point
            clipped: npt.NDArray[np.int8] = np.clip(steps, -128, 127).astype(np.int8)
            return clipped
        return values


def model_edges(graph: Graph) -> tuple[tuple[Edge, ...], tuple[Edge, ...]]:
    """Those of the inputs and of the outputs."""
    core = float_edges.run(graph)
    return _edges(graph, graph.inputs, core.inputs), _edges(graph, graph.outputs, core.outputs)


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
