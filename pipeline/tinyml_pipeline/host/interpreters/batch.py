"""One call for many vectors: what both interpreters share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from tinyml_pipeline.compiler.edges import model_edges
from tinyml_pipeline.compiler.graph import Graph, Tensor
from tinyml_pipeline.compiler.read_tflite import read_tflite

Int8Array = npt.NDArray[np.int8]


class ParsedModel(Protocol):
    """A .tflite that has been read already, such as a QuantizedModel."""

    @property
    def tflite(self) -> bytes: ...
    @property
    def graph(self) -> Graph: ...


def file_and_graph(model: ParsedModel | bytes) -> tuple[bytes, Graph]:
    """The bytes of a model and its graph; bytes are read and checked here. Raises ModelFileError for a broken file."""
    return (model, read_tflite(model)) if isinstance(model, bytes) else (model.tflite, model.graph)


def input_rows(graph: Graph, inputs: Sequence[Int8Array]) -> tuple[int, Iterator[tuple[npt.NDArray[Any], ...]]]:
    """How many vectors there are, and each as one array an input tensor, in the tensor's own shape and type."""
    tensors = [graph.tensors[index] for index in graph.inputs]
    if len(inputs) != len(tensors):
        raise ValueError(f"{len(inputs)} arrays for {len(tensors)} inputs")
    count = len(inputs[0])
    edges, _ = model_edges(graph)
    for array, tensor, edge in zip(inputs, tensors, edges, strict=True):
        wanted = edge.inner.dtype.numpy
        if array.dtype != wanted or len(array) != count or array.size != count * tensor.size:
            raise ValueError(f"{array.dtype} {array.shape} do not fit {count} vectors of {wanted} {tensor.shape}")
    shaped = [
        np.ascontiguousarray(edge.to_own(array)).reshape(count, *edge.own.shape)
        for array, edge in zip(inputs, edges, strict=True)
    ]
    return count, zip(*shaped, strict=True)


def output_arrays(graph: Graph, count: int) -> tuple[npt.NDArray[Any], ...]:
    """Room for `count` answers of each output tensor, in its own type."""
    tensors = [graph.tensors[index] for index in graph.outputs]
    return tuple(np.empty((count, *tensor.shape), tensor.dtype.numpy) for tensor in tensors)


def without_batch(graph: Graph, outputs: Sequence[npt.NDArray[Any]]) -> tuple[Int8Array, ...]:
    """(n, 1, *shape) of each output's own type as stored values (n, *shape)."""
    _, edges = model_edges(graph)
    outputs = [edge.from_own(array) for edge, array in zip(edges, outputs, strict=True)]
    tensors: list[Tensor] = [graph.tensors[index] for index in graph.outputs]
    return tuple(
        array.reshape(len(array), *tensor.shape[1:]) if len(tensor.shape) > 1 and tensor.shape[0] == 1 else array
        for array, tensor in zip(outputs, tensors, strict=True)
    )
