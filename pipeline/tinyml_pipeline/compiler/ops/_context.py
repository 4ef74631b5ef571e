"""One operator with its tensors at hand, and checks that refuse what has no exact form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from tinyml_pipeline.compiler.dtypes import DType
from tinyml_pipeline.compiler.graph import Graph, Operation, Quantization, Tensor
from tinyml_pipeline.errors import UnsupportedError

INT8_MIN, INT8_MAX = -128, 127


@dataclass(frozen=True)
class OpContext:
    """What `read` of an operator's module gets."""

    graph: Graph
    operation: Operation

    @property
    def place(self) -> str:
        return f"{self.operation.name.lower()} (op {self.operation.index})"

    def unsupported(self, found: str, supported: str) -> UnsupportedError:
        return UnsupportedError(
            f"{self.place}: {found} is unsupported; supported: {supported}.",
            operator=self.operation.name,
            index=self.operation.index,
            found=found,
            supported=supported,
        )

    def require(self, condition: bool, found: str, supported: str) -> None:
        """`found` fits before 'is unsupported', `supported` after 'supported:'."""
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
        """The tensor at an input that must be there; a constant only if all inputs are, and nobody folded them."""
        tensor = self.input(position)
        computed = not tensor.is_constant or self.has_constant_inputs
        self.require(computed, "a constant input", "inputs that the model computes")
        return tensor

    @property
    def has_constant_inputs(self) -> bool:
        """Whether the result is known when the model is compiled."""
        return self.graph.has_constant_inputs(self.operation)

    @property
    def outputs(self) -> tuple[Tensor, ...]:
        return tuple(self.tensor(index) for index in self.operation.outputs)

    def output(self) -> Tensor:
        """The only output."""
        outputs = self.operation.outputs
        self.require(len(outputs) == 1, f"{len(outputs)} outputs", "1 output")
        return self.tensor(outputs[0])

    def option(self, name: str, default: Any) -> Any:
        """A field of the options; `default` is the schema's own, for a file that leaves the table out."""
        return self.operation.options.get(name, default)

    def shape_of(self, tensor: Tensor, shape: tuple[int, ...], what: str) -> None:
        """Refuses a tensor of another shape than the other tensors and the options ask for."""
        self.require(tensor.shape == shape, f"{what} of shape {list(tensor.shape)}", f"{list(shape)}")

    def quantization(self, tensor: Tensor, what: str, *dtypes: DType) -> Quantization:
        """The one scale and zero point of a tensor of one of these types, INT8 if none is named."""
        names = [dtype.value for dtype in dtypes or (DType.INT8,)]
        self.require(tensor.type in names, f"{what} of type {tensor.type}", " or ".join(names))
        quantization = tensor.quantization
        if quantization is None:
            wanted = f"{tensor.type.lower()} with a scale and a zero point"
            raise self.unsupported(f"{what} without quantization", wanted)
        self.require(not quantization.per_channel, f"{what} quantized per channel", "one scale")
        self.require(quantization.scale > 0, f"{what} with scale 0", "scales above 0")
        zero_point = quantization.zero_point
        low, high = tensor.dtype.lowest, tensor.dtype.highest
        self.require(low <= zero_point <= high, f"{what} with zero point {zero_point}", f"{low} to {high}")
        return quantization

    def elementwise(self) -> tuple[Tensor, Quantization, Quantization]:
        """Input, its quantization and the output's, of an operation on each element of one int8 tensor."""
        source, output = self.activation(0), self.output()
        quantizations = self.quantization(source, "an input"), self.quantization(output, "an output")
        size = source.size
        self.require(size == output.size > 0, f"an output of {output.size} values", f"{size}, as the input")
        return source, *quantizations

    @property
    def activation_name(self) -> str:
        """Of the fused activation, such as RELU; NONE without one."""
        return str(self.option("fused_activation_function", "NONE"))

    def activation_range(self, quantization: Quantization, dtype: DType = DType.INT8) -> tuple[int, int]:
        """The lowest and highest stored value that the fused activation lets through.

        TFLM rounds bound / scale in float.
        """
        name = self.activation_name
        bounds = {"NONE": (None, None), "RELU": (0, None), "RELU6": (0, 6), "RELU_N1_TO_1": (-1, 1)}
        if name not in bounds:
            raise self.unsupported(f"fused activation {name}", ", ".join(bounds))
        low, high = (None if bound is None else self.quantized(bound, quantization) for bound in bounds[name])
        lowest = dtype.lowest if low is None else max(dtype.lowest, low)
        highest = dtype.highest if high is None else min(dtype.highest, high)
        return lowest, highest

    def quantized(self, real: float, quantization: Quantization) -> int:
        """A real number in steps from the zero point on, rounded half away from zero; not clamped to int8."""
        with np.errstate(over="ignore"):
            steps = float(np.float32(real) / np.float32(quantization.scale))
        self.require(abs(steps) < 2**30, f"scale {quantization.scale:g}", "scales from 1e-8 on")
        return quantization.zero_point + (int(steps + 0.5) if steps >= 0 else -int(-steps + 0.5))
