"""A .tflite model as plain frozen data: tensors, and operations in the order in which they run."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

# Bits of one element; types of variable size (STRING, RESOURCE, VARIANT) are not listed.
TYPE_BITS: Mapping[str, int] = {
    "FLOAT32": 32, "FLOAT16": 16, "FLOAT64": 64, "BFLOAT16": 16, "COMPLEX64": 64, "COMPLEX128": 128,
    "INT2": 2, "INT4": 4, "INT8": 8, "INT16": 16, "INT32": 32, "INT64": 64,
    "UINT4": 4, "UINT8": 8, "UINT16": 16, "UINT32": 32, "UINT64": 64, "BOOL": 8,
}  # fmt: skip

_NUMPY_TYPES: Mapping[str, str] = {
    "FLOAT32": "<f4", "FLOAT16": "<f2", "FLOAT64": "<f8", "COMPLEX64": "<c8", "COMPLEX128": "<c16",
    "INT8": "<i1", "INT16": "<i2", "INT32": "<i4", "INT64": "<i8",
    "UINT8": "<u1", "UINT16": "<u2", "UINT32": "<u4", "UINT64": "<u8", "BOOL": "?",
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

    @property
    def size(self) -> int:
        """The number of elements; 1 for a scalar."""
        return math.prod(self.shape)

    @property
    def is_constant(self) -> bool:
        return self.data is not None

    @property
    def values(self) -> npt.NDArray[Any]:
        """A constant's elements in its shape; read-only. ValueError for an activation or a type numpy lacks."""
        if self.data is None or self.type not in _NUMPY_TYPES:
            raise ValueError(f"tensor {self.index} has no values of a numpy type")
        return np.frombuffer(self.data, _NUMPY_TYPES[self.type]).reshape(self.shape)


@dataclass(frozen=True)
class Operation:
    """One call: operator name and version of the schema, tensor indices (-1: an optional input left out), options.

    `options` holds the scalar fields of the schema's options table under their schema names
    (`fused_activation_function` as the enum's name, such as RELU) and vectors of numbers as tuples.
    """

    index: int
    name: str
    version: int
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Graph:
    """A model with one subgraph.

    What the reader guarantees: every index is in range, each activation is written exactly once and before it is
    read, constants are never written, and the bytes of every constant fill its shape exactly.
    """

    tensors: tuple[Tensor, ...]
    operations: tuple[Operation, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    input_names: tuple[str, ...]
    output_names: tuple[str, ...]
    sha256: str
    """Of the .tflite file, in hexadecimal."""

    @property
    def constant_bytes(self) -> int:
        return sum(len(tensor.data) for tensor in self.tensors if tensor.data is not None)
