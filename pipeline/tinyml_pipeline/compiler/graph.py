"""A .tflite model as plain frozen data: tensors, and operations in the order in which they run."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyml_pipeline.compiler.arity import wrong_arity
from tinyml_pipeline.compiler.dtypes import DType
from tinyml_pipeline.compiler.value_scales import ValueScale
from tinyml_pipeline.errors import UnsupportedError

# Bits of one element; types of variable size (STRING, RESOURCE, VARIANT) are not listed.
TYPE_BITS: Mapping[str, int] = {
    "FLOAT32": 32, "FLOAT16": 16, "FLOAT64": 64, "BFLOAT16": 16, "COMPLEX64": 64, "COMPLEX128": 128,
    "INT2": 2, "INT4": 4, "INT8": 8, "INT16": 16, "INT32": 32, "INT64": 64,
    "UINT4": 4, "UINT8": 8, "UINT16": 16, "UINT32": 32, "UINT64": 64, "BOOL": 8,
}  # fmt: skip

_OTHER_NUMPY_TYPES: Mapping[str, str] = {
    "FLOAT16": "<f2", "FLOAT64": "<f8", "COMPLEX64": "<c8", "COMPLEX128": "<c16", "UINT64": "<u8",
}  # fmt: skip


@dataclass(frozen=True)
class Quantization:
    """Affine quantization: real = scale * (q - zero_point); several scales, one a slice along `axis`.

    Scales are float32 values, held exactly; there are as many zero points as scales.
    """

    scales: tuple[float, ...]
    zero_points: tuple[int, ...]
    axis: int = 0

    @property
    def per_channel(self) -> bool:
        return len(self.scales) > 1

    @property
    def scale(self) -> float:
        """The only scale; of a per-channel tensor, the first."""
        return self.scales[0]

    @property
    def zero_point(self) -> int:
        """The only zero point; of a per-channel tensor, the first."""
        return self.zero_points[0]


@dataclass(frozen=True)
class Tensor:
    """One tensor; `data` holds the bytes of a constant and is None for an activation.

    `type` is the schema's name of the element type, such as INT8. `shape` has no negative dimension.
    """

    index: int
    name: str
    type: str
    shape: tuple[int, ...]
    quantization: Quantization | None = None
    data: bytes | None = None
    is_variable: bool = False
    is_folded: bool = False
    """A constant that no file has: the compiler worked it out, and TFLM computes it in every inference."""

    @property
    def size(self) -> int:
        """The number of elements; 1 for a scalar."""
        return math.prod(self.shape)

    @property
    def dtype(self) -> DType:
        """The element type; UnsupportedError for one that the compiler cannot hold, such as STRING."""
        if self.type not in DType.__members__:
            known = ", ".join(DType.__members__)
            raise UnsupportedError(f"tensor '{self.name}' of type {self.type} is unsupported; supported: {known}.")
        return DType[self.type]

    @property
    def size_bytes(self) -> int:
        """In memory, where every element takes whole bytes."""
        return self.size * self.dtype.bytes

    @property
    def is_constant(self) -> bool:
        return self.data is not None

    @property
    def values(self) -> npt.NDArray[Any]:
        """A constant's elements in its shape; read-only, INT4 as int8.

        ValueError for an activation or a type that numpy lacks.
        """
        if self.data is None:
            raise ValueError(f"tensor {self.index} has no values")
        if self.type == "INT4":
            return _unpacked(self.data)[: self.size].reshape(self.shape)
        if self.type in DType.__members__:
            return np.frombuffer(self.data, self.dtype.numpy).reshape(self.shape)
        if self.type not in _OTHER_NUMPY_TYPES:
            raise ValueError(f"tensor {self.index} has no values of a numpy type")
        return np.frombuffer(self.data, _OTHER_NUMPY_TYPES[self.type]).reshape(self.shape)


def _unpacked(data: bytes) -> npt.NDArray[np.int8]:
    """Two values per byte, the first in the low half."""
    pairs = np.frombuffer(data, np.uint8)
    halves = np.stack([pairs << 4, pairs & 0xF0], axis=1).astype(np.uint8).view(np.int8).ravel()
    values: npt.NDArray[np.int8] = halves >> 4
    return values


@dataclass(frozen=True)
class Operation:
    """One call: operator name and version of the schema, tensor indices (-1: an optional input left out), options.

    `index` is its place in the file, for messages; what a pass makes of several has that of one of them.

    `options` holds the scalar fields of the schema's options table under their schema names
    (`fused_activation_function` as the enum's name, such as RELU) and vectors of numbers as tuples.
    """

    index: int
    name: str
    version: int
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: Mapping[str, Any] = field(default_factory=dict)
    options_table: str = ""
    """The schema's name of the options table, such as Pool2DOptions; empty without one."""

    @property
    def wrong_arity(self) -> str | None:
        """What is wrong with the number of its tensors, as a sentence; None if nothing is."""
        return wrong_arity(self.name, self.index, self.inputs, self.outputs)


@dataclass(frozen=True)
class Graph:
    """A model with one subgraph.

    What the reader guarantees, and every pass keeps: every index is in range, a tensor's index is its place in
    `tensors`, each activation is written exactly once and before it is read, constants are never written, and the
    bytes of every constant fill its shape exactly.
    """

    tensors: tuple[Tensor, ...]
    operations: tuple[Operation, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    input_names: tuple[str, ...]
    output_names: tuple[str, ...]
    sha256: str
    """Of the .tflite file, in hexadecimal."""
    input_scales: tuple[ValueScale, ...] = ()
    """Of each input, if the file has any: what a real value becomes before it is stored."""
    output_scales: tuple[ValueScale, ...] = ()
    aliases: Mapping[int, int] = field(default_factory=dict)
    """Tensors without memory of their own: each has the bytes of another, under another shape."""
    memory_plan: tuple[int, ...] = ()
    """Where each tensor of the file lies in TFLM's arena, -1 if TFLM chooses; empty without such a plan."""

    def storage(self, index: int) -> int:
        """The tensor whose memory holds tensor `index`: itself, or what it is an alias of."""
        while index in self.aliases:
            index = self.aliases[index]
        return index

    def users(self, index: int) -> list[Operation]:
        """The operations that read a tensor, in order."""
        return [operation for operation in self.operations if index in operation.inputs]

    def maker(self, index: int) -> Operation | None:
        """The operation that writes a tensor; None for an input or a constant."""
        return next((operation for operation in self.operations if index in operation.outputs), None)

    def has_constant_inputs(self, operation: Operation) -> bool:
        """Whether an operation reads constants alone, at least one."""
        inputs = [self.tensors[index] for index in operation.inputs if index != -1]
        return bool(inputs) and all(tensor.is_constant for tensor in inputs)

    @property
    def constant_bytes(self) -> int:
        return sum(len(tensor.data) for tensor in self.tensors if tensor.data is not None)
