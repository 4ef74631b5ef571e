"""What an operator's module gets (Layer), and what it gives back (Lowered)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyml_pipeline.compiler.graph import Graph, Operation, Quantization, Tensor
from tinyml_pipeline.compiler.target import Target
from tinyml_pipeline.errors import UnsupportedError

INT8_MIN, INT8_MAX = -128, 127


@dataclass(frozen=True, eq=False)
class Array:
    """A constant array named `<layer>_<suffix>`; its comment says what the numbers are.

    It lies in flash: a kernel reads it through port.h.
    """

    suffix: str
    type: str
    values: npt.NDArray[Any]
    comment: str = ""


@dataclass(frozen=True)
class Struct:
    """The constant parameters of a call, named `<layer>`: a struct type and its fields by name.

    A field's value is a number, or a string: the suffix of one of the layer's arrays.
    """

    type: str
    fields: Mapping[str, int | str]


@dataclass(frozen=True)
class Value:
    """An argument: the memory of tensor `index`, from element `offset` on."""

    index: int
    offset: int = 0


@dataclass(frozen=True)
class Scratch:
    """An argument: int32_t memory that a kernel may use during its call, shared by all calls."""

    words: int


Argument = Struct | Array | Value | Scratch | int


@dataclass(frozen=True)
class Call:
    """A function of the layer's kernel. Arguments are, in order: a Struct or Array (its address), a Value, a Scratch,
    or a number."""

    function: str
    arguments: tuple[Argument, ...]


@dataclass(frozen=True)
class Lowered:
    """One operation as C: constants and calls of functions of firmware/kernels/`kernel`.h.

    `in_place` lists inputs whose memory the output may take over. An operation that moves no data (`alias`) makes no
    call: its output is its input.
    """

    summary: str
    kernel: str = ""
    calls: tuple[Call, ...] = ()
    arrays: tuple[Array, ...] = ()
    in_place: tuple[int, ...] = ()
    alias: bool = False


@dataclass(frozen=True)
class Layer:
    """One operation with its tensors at hand, and checks that refuse what has no exact form."""

    graph: Graph
    operation: Operation
    target: Target

    @property
    def place(self) -> str:
        return f"{self.operation.name.lower()} (op {self.operation.index})"

    def unsupported(self, found: str, supported: str) -> UnsupportedError:
        return UnsupportedError(f"{self.place}: {found} is unsupported; supported: {supported}.")

    def require(self, condition: bool, found: str, supported: str) -> None:
        if not condition:
            raise self.unsupported(found, supported)

    def tensor(self, index: int) -> Tensor:
        return self.graph.tensors[index]

    def input(self, position: int) -> Tensor:
        """The tensor at an input that must be there."""
        tensor = self.optional_input(position)
        if tensor is None:
            raise self.unsupported(f"a missing input {position}", "a tensor there")
        return tensor

    def optional_input(self, position: int) -> Tensor | None:
        inputs = self.operation.inputs
        return None if len(inputs) <= position or inputs[position] == -1 else self.tensor(inputs[position])

    def activation(self, position: int) -> Tensor:
        """The tensor at an input that must be there and that the model computes."""
        tensor = self.input(position)
        self.require(not tensor.is_constant, "a constant input", "inputs that the model computes")
        return tensor

    def output(self) -> Tensor:
        outputs = self.operation.outputs
        self.require(len(outputs) == 1, f"{len(outputs)} outputs", "1 output")
        return self.tensor(outputs[0])

    def option(self, name: str, default: Any) -> Any:
        """A field of the options; `default` is the schema's own, for a file that leaves the table out."""
        return self.operation.options.get(name, default)

    def quantization(self, tensor: Tensor, what: str) -> Quantization:
        """The one scale and zero point of an int8 tensor."""
        self.require(tensor.type == "INT8", f"{what} of type {tensor.type}", "INT8")
        quantization = tensor.quantization
        if quantization is None:
            raise self.unsupported(f"{what} without quantization", "int8 with a scale and a zero point")
        self.require(not quantization.per_channel, f"{what} quantized per channel", "one scale")
        self.require(quantization.scale > 0, f"{what} with scale 0", "scales above 0")
        zero_point = quantization.zero_point
        self.require(INT8_MIN <= zero_point <= INT8_MAX, f"{what} with zero point {zero_point}", "-128 to 127")
        return quantization

    def elementwise(self) -> tuple[Tensor, Quantization, Quantization]:
        """Input, its quantization and the output's, of an operation on each element of one int8 tensor."""
        source, output = self.activation(0), self.output()
        quantizations = self.quantization(source, "an input"), self.quantization(output, "an output")
        self.require(
            source.size == output.size > 0, f"an output of {output.size} values", f"{source.size}, as the input"
        )
        return source, *quantizations

    def activation_range(self, quantization: Quantization) -> tuple[int, int]:
        """The lowest and highest int8 that the fused activation lets through (TFLM: rounds bound / scale in float)."""
        name = self.option("fused_activation_function", "NONE")
        bounds = {"NONE": (None, None), "RELU": (0, None), "RELU6": (0, 6), "RELU_N1_TO_1": (-1, 1)}
        if name not in bounds:
            raise self.unsupported(f"fused activation {name}", ", ".join(bounds))
        low, high = (None if bound is None else self.quantized(bound, quantization) for bound in bounds[name])
        lowest = INT8_MIN if low is None else max(INT8_MIN, low)
        highest = INT8_MAX if high is None else min(INT8_MAX, high)
        return lowest, highest

    def quantized(self, real: float, quantization: Quantization) -> int:
        """A real number in steps from the zero point on, rounded half away from zero; not clamped to int8."""
        with np.errstate(over="ignore"):
            steps = float(np.float32(real) / np.float32(quantization.scale))
        self.require(abs(steps) < 2**30, f"scale {quantization.scale:g}", "scales from 1e-8 on")
        return quantization.zero_point + (int(steps + 0.5) if steps >= 0 else -int(-steps + 0.5))
