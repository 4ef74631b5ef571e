"""Operators on two int8 tensors, element by element, with the broadcasts that need no index arithmetic."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from tinyml_pipeline.compiler.fixed_point import quantize_multiplier
from tinyml_pipeline.compiler.graph import Quantization, Tensor
from tinyml_pipeline.compiler.op import Op
from tinyml_pipeline.compiler.ops._context import OpContext

_LEFT_SHIFT = 20


@dataclass(frozen=True, eq=False)
class Binary(Op):
    """One input may be constant; one that is smaller than the output repeats as a whole."""

    first: Tensor
    second: Tensor
    output: Tensor

    @property
    def broadcasts(self) -> bool:
        return self.first.size != self.second.size


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


SumT = TypeVar("SumT", bound=Sum)


def read_sum(op: OpContext, kind: type[SumT]) -> SumT:
    """Ratios in double: older TFLM libraries divide in float for SUB, the pinned one does not."""
    (first, second), wanted = read_operands(op)
    twice_larger = 2 * max(first.scale, second.scale)
    reals = first.scale / twice_larger, second.scale / twice_larger, twice_larger / (2**_LEFT_SHIFT * wanted.scale)
    pairs = [quantize_multiplier(real) if real < 2 else (0, 1) for real in reals]
    op.require(pairs[2][1] <= 0, f"an output scale of {wanted.scale:g}", "more than 2^-19 of the larger input scale")
    low, high = op.activation_range(wanted)
    return kind(
        op.input(0),
        op.input(1),
        op.output(),
        first_scale=pairs[0],
        second_scale=pairs[1],
        output_scale=pairs[2],
        first_zero_point=first.zero_point,
        second_zero_point=second.zero_point,
        output_zero_point=wanted.zero_point,
        output_min=low,
        output_max=high,
        activation=op.activation_name,
    )


def read_operands(op: OpContext) -> tuple[tuple[Quantization, Quantization], Quantization]:
    """The quantizations of both inputs and of the output, once every shape and type is known to fit."""
    output = op.output()
    op.require(len(op.operation.inputs) == 2, f"{len(op.operation.inputs)} inputs", "2 inputs")
    for position in (0, 1):
        tensor = op.input(position)
        op.require(_repeats_in(tensor.shape, output.shape) and output.size > 0,
                   f"broadcasting {list(tensor.shape)} to {list(output.shape)}",
                   "equal shapes, or an operand that repeats as a whole")  # fmt: skip
    first, second = op.input(0), op.input(1)
    op.require(not (first.is_constant and second.is_constant), "two constants", "at most one constant operand")
    op.require(max(first.size, second.size) == output.size, f"an output of {output.size} values",
               f"{max(first.size, second.size)} values")  # fmt: skip
    quantizations = op.quantization(first, "an input"), op.quantization(second, "an input")
    return quantizations, op.quantization(output, "an output")


def _repeats_in(shape: tuple[int, ...], whole: tuple[int, ...]) -> bool:
    """Whether a tensor of `shape`, repeated end to end, fills one of shape `whole` by the rules of broadcasting."""
    own = _without_leading_ones(shape)
    return len(own) <= len(whole) and own == whole[len(whole) - len(own) :]


def _without_leading_ones(shape: tuple[int, ...]) -> tuple[int, ...]:
    while shape and shape[0] == 1:
        shape = shape[1:]
    return shape
