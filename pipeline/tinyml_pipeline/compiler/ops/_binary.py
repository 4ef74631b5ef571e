"""Operators on two int8 tensors, element by element, with every broadcast."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from tinyml_pipeline.compiler.fixed_point import quantize_multiplier
from tinyml_pipeline.compiler.graph import Quantization, Tensor
from tinyml_pipeline.compiler.op import Op
from tinyml_pipeline.compiler.ops._broadcast import Loop, broadcast_loops, broadcast_shape
from tinyml_pipeline.compiler.ops._context import OpContext

_LEFT_SHIFT = 20


@dataclass(frozen=True, eq=False)
class Binary(Op):
    """One input may be constant; either may be stretched along any of the output's axes."""

    first: Tensor
    second: Tensor
    output: Tensor

    @property
    def broadcasts(self) -> bool:
        return not self.first.size == self.second.size == self.output.size

    @property
    def loops(self) -> tuple[Loop, ...]:
        return broadcast_loops(self.first.shape, self.second.shape)


@dataclass(frozen=True, eq=False)
class Sum(Binary):
    """ADD or SUB, both inputs on a common scale, 20 bits finer than the coarser one.

    Each of `first_scale`, `second_scale`, `output_scale` is (multiplier, shift), and no shift is above 0.
    """

    first_scale: tuple[int, int]
    second_scale: tuple[int, int]
    output_scale: tuple[int, int]
    first_zero_point: int
    second_zero_point: int
    output_zero_point: int
    output_min: int
    output_max: int
    activation: str


@dataclass(frozen=True, eq=False)
class Product(Binary):
    """MUL or DIV: the product or quotient of both inputs, scaled by (multiplier, shift)."""

    multiplier: int
    shift: int
    first_zero_point: int
    second_zero_point: int
    output_zero_point: int
    output_min: int
    output_max: int
    activation: str


SumT = TypeVar("SumT", bound=Sum)


def read_sum(op: OpContext, kind: type[SumT]) -> SumT:
    """Ratios in double: older TFLM libraries divide in float for SUB, the pinned one does not."""
    (first, second), wanted = read_operands(op)
    pairs = common_scale(first, second)
    real = 2 * max(first.scale, second.scale) / (2**_LEFT_SHIFT * wanted.scale)
    output_scale = quantize_multiplier(real) if real < 2 else (0, 1)
    op.require(output_scale[1] <= 0, f"an output scale of {wanted.scale:g}",
               "more than 2^-19 of the larger input scale")  # fmt: skip
    low, high = op.activation_range(wanted)
    return kind(
        op.input(0),
        op.input(1),
        op.output(),
        first_scale=pairs[0],
        second_scale=pairs[1],
        output_scale=output_scale,
        first_zero_point=first.zero_point,
        second_zero_point=second.zero_point,
        output_zero_point=wanted.zero_point,
        output_min=low,
        output_max=high,
        activation=op.activation_name,
    )


def common_scale(first: Quantization, second: Quantization) -> tuple[tuple[int, int], tuple[int, int]]:
    """What brings each input to twice the larger scale, so that their sum and difference fit: (multiplier, shift)."""
    twice_larger = 2 * max(first.scale, second.scale)
    return quantize_multiplier(first.scale / twice_larger), quantize_multiplier(second.scale / twice_larger)


def read_operands(op: OpContext) -> tuple[tuple[Quantization, Quantization], Quantization]:
    """The quantizations of both inputs and of the output, once every shape and type is known to fit."""
    first, second, output = read_shapes(op)
    quantizations = op.quantization(first, "an input"), op.quantization(second, "an input")
    return quantizations, op.quantization(output, "an output")


def read_shapes(op: OpContext) -> tuple[Tensor, Tensor, Tensor]:
    """Both inputs and the output, checked to fit each other."""
    output = op.output()
    op.require(len(op.operation.inputs) == 2, f"{len(op.operation.inputs)} inputs", "2 inputs")
    first, second = op.input(0), op.input(1)
    wanted = broadcast_shape(op, first.shape, second.shape)
    op.require(output.size > 0, "an empty output", "at least one value")
    op.shape_of(output, wanted, "an output")
    return first, second, output
