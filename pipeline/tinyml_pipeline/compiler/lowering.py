"""What a kernel makes of an operator: calls of C functions, with the constants and memory that they take."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from tinyml_pipeline.compiler.dtypes import DType
from tinyml_pipeline.compiler.graph import Tensor
from tinyml_pipeline.compiler.memory.plan import Overlap


@dataclass(frozen=True, eq=False)
class Array:
    """A constant array in FLASH, named `<layer>_<suffix>`: a kernel reads it through common/port.h.

    `comment` says what the numbers are. Raises ValueError for numbers that the type cannot hold.
    """

    suffix: str
    dtype: DType
    values: npt.NDArray[Any]
    comment: str = ""

    def __post_init__(self) -> None:
        if self.values.size == 0:
            raise ValueError(f"{self.suffix} is empty, and C has no empty array")
        if self.dtype is not DType.FLOAT32 and not (
            self.dtype.lowest <= int(self.values.min()) and int(self.values.max()) <= self.dtype.highest
        ):
            raise ValueError(f"{self.suffix} holds numbers that are not {self.dtype.c_type}")

    @property
    def size_bytes(self) -> int:
        return int(self.values.size) * self.dtype.bytes


@dataclass(frozen=True, eq=False)
class Struct:
    """The constant parameters of a call: `struct <type>` of the kernel's header, named `<layer>`, or
    `<layer>_<suffix>` if a layer has several.

    A field holds a number, a bool, an Array (its address), None (NULL), a Struct (nested), or a tuple of numbers or of
    Structs (a C array). Every field of the C struct is set; a test compares the two.
    """

    type: str
    fields: Mapping[str, FieldValue]
    suffix: str = ""


FieldValue = int | float | Array | Struct | tuple[int, ...] | tuple[Struct, ...] | None


@dataclass(frozen=True, eq=False)
class Buffer:
    """Memory of `count` elements, named `<layer>_<suffix>`: planned together with the activations.

    'scratch' is valid during the layer's own calls. 'state' keeps its contents between inferences.
    """

    suffix: str
    dtype: DType
    count: int
    kind: Literal["scratch", "state"] = "scratch"

    @property
    def size_bytes(self) -> int:
        return self.count * self.dtype.bytes


@dataclass(frozen=True)
class At:
    """An argument: the memory of `base` from element `offset` on."""

    base: Tensor | Array | Buffer
    offset: int


@dataclass(frozen=True)
class Function:
    """An argument: a function of the kernel's headers, which the called one calls."""

    name: str


Argument = Tensor | At | Struct | Array | Buffer | Function | int | float | None


@dataclass(frozen=True)
class Call:
    """A C function and its arguments: the address of a Tensor, Struct, Array or Buffer, or a number.

    A constant Tensor may stand where an activation may: the compiler writes its array, and on targets whose kernels
    cannot read flash like data copies it to scratch memory before the call.
    """

    function: str
    arguments: tuple[Argument, ...]


@dataclass(frozen=True)
class Lowering:
    """One operator as C.

    `details` stand in the layer's comment, such as 'per channel, relu'. `headers`, below firmware/kernels, are those
    that the calls need besides the kernel's own. `overlaps` say which memory an output may share with an input.
    """

    calls: tuple[Call, ...]
    details: str = ""
    headers: tuple[str, ...] = ()
    overlaps: tuple[Overlap, ...] = ()

    @property
    def arguments(self) -> Iterator[Argument]:
        """Of all calls, in order, without the offsets."""
        for call in self.calls:
            for argument in call.arguments:
                yield argument.base if isinstance(argument, At) else argument

    @property
    def structs(self) -> tuple[Struct, ...]:
        """The structs that calls are given, each once."""
        return _distinct(argument for argument in self.arguments if isinstance(argument, Struct))

    @property
    def arrays(self) -> tuple[Array, ...]:
        """All constant arrays, each once: those in structs, then those given to calls."""
        inside = [array for struct in self.structs for array in _arrays_of(struct)]
        return _distinct([*inside, *(argument for argument in self.arguments if isinstance(argument, Array))])

    @property
    def buffers(self) -> tuple[Buffer, ...]:
        return _distinct(argument for argument in self.arguments if isinstance(argument, Buffer))

    @property
    def constant_bytes(self) -> int:
        """Of the arrays; a few bytes of parameters come on top."""
        return sum(array.size_bytes for array in self.arrays)

    @property
    def scratch_bytes(self) -> int:
        return sum(buffer.size_bytes for buffer in self.buffers if buffer.kind == "scratch")


def in_place(output: Tensor, *inputs: Tensor) -> tuple[Overlap, ...]:
    """For a kernel that reads element i of these inputs before it writes element i of the output, both of one size."""
    return tuple(Overlap(output.index, tensor.index) for tensor in inputs if not tensor.is_constant)


def _distinct(items: Iterable[Any]) -> tuple[Any, ...]:
    return tuple({id(item): item for item in items}.values())


def _arrays_of(struct: Struct) -> Iterator[Array]:
    for value in struct.fields.values():
        for part in value if isinstance(value, tuple) else (value,):
            if isinstance(part, Array):
                yield part
            elif isinstance(part, Struct):
                yield from _arrays_of(part)


def int_array(suffix: str, dtype: DType, values: npt.ArrayLike, comment: str = "") -> Array:
    """An Array of a sequence of integers."""
    numbers = np.asarray(values)
    return Array(suffix, dtype, numbers if numbers.dtype.kind in "iu" else numbers.astype(np.int64), comment)
