"""What an operator's module gets (Layer), and what it gives back (Lowered)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from pipeline.compiler.graph import Graph, Operation, Quantization, Tensor
from pipeline.compiler.target import Target
from pipeline.errors import UnsupportedError

INT8_MIN, INT8_MAX = -128, 127


class Array(NamedTuple):
    """A constant array in flash, named `<layer>_<suffix>`; its comment says what the numbers are."""

    suffix: str
    type: str
    values: npt.NDArray[Any]
    comment: str = ""


class Struct(NamedTuple):
    """The constant parameters of a call, named `<layer>`: a struct type and its fields by name.

    A field's value is a number, or a string: the suffix of one of the layer's arrays.
    """

    type: str
    fields: Mapping[str, int | str]


class Value(NamedTuple):
    """An argument: the memory of tensor `index`; `offset` elements into it."""

    index: int
    offset: int = 0


class Scratch(NamedTuple):
    """An argument: int32_t memory that a kernel may use during its call, shared by all calls."""

    words: int


Argument = Struct | Array | Value | Scratch | int


class Lowered(NamedTuple):
    """One operation as C: constants and one call of a kernel.

    `function` stands in firmware/kernels/`kernel`.h. `arguments` are, in order: a Struct or Array (its address), a
    Value, a Scratch, or a number. `in_place` lists inputs whose memory the output may take over. An operation that
    moves no data (`alias`) has no function: its output is its input.
    """

    summary: str
    kernel: str = ""
    function: str = ""
    arguments: tuple[Argument, ...] = ()
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
        inputs = self.operation.inputs
        self.require(len(inputs) > position and inputs[position] != -1, f"no input {position}", "one tensor there")
        return self.tensor(inputs[position])

    def optional_input(self, position: int) -> Tensor | None:
        inputs = self.operation.inputs
        return None if len(inputs) <= position or inputs[position] == -1 else self.tensor(inputs[position])

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

    def activation_range(self, quantization: Quantization) -> tuple[int, int]:
        """The lowest and highest int8 that the fused activation lets through (TFLM: rounds bound / scale in float)."""
        name = self.option("fused_activation_function", "NONE")
        bounds = {"NONE": (None, None), "RELU": (0, None), "RELU6": (0, 6), "RELU_N1_TO_1": (-1, 1)}
        if name not in bounds:
            raise self.unsupported(f"fused activation {name}", ", ".join(bounds))
        low, high = (None if bound is None else self._quantized_bound(bound, quantization) for bound in bounds[name])
        lowest = INT8_MIN if low is None else max(INT8_MIN, low)
        highest = INT8_MAX if high is None else min(INT8_MAX, high)
        return lowest, highest

    def _quantized_bound(self, bound: int, quantization: Quantization) -> int:
        with np.errstate(over="ignore"):
            steps = float(np.float32(bound) / np.float32(quantization.scale))
        self.require(abs(steps) <= 2**31 - 128, f"output scale {quantization.scale:g}", "scales from 1e-8 on")
        return quantization.zero_point + (int(steps + 0.5) if steps >= 0 else -int(-steps + 0.5))
