"""QUANTIZE from one integer type to another, in TFLM's fixed point, and by way of a float where the model has one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tinyml_pipeline.compiler.dtypes import DType
from tinyml_pipeline.compiler.fixed_point import multiply_by_quantized_multiplier
from tinyml_pipeline.compiler.graph import Operation, Quantization, Tensor
from tinyml_pipeline.compiler.op import Op
from tinyml_pipeline.compiler.ops._context import OpContext


@dataclass(frozen=True, eq=False)
class Requantize(Op):
    """out = clamp(multiplier * 2^(shift - 31) * (in - input zero point) + output zero point), in int32."""

    source: Tensor
    output: Tensor
    multiplier: int
    shift: int
    input_zero_point: int
    output_zero_point: int


@dataclass(frozen=True, eq=False)
class FloatRequantize(Op):
    """out = clamp(round(float(input scale * (in - input zero point)) / output scale) + output zero point), a half
    rounded away from zero: a DEQUANTIZE and the QUANTIZE that reads it."""

    source: Tensor
    output: Tensor
    given: Quantization
    wanted: Quantization

    def answers(self, stored: Sequence[int]) -> tuple[int, ...]:
        """The stored outputs for stored inputs."""
        real = (np.array(stored) - self.given.zero_point).astype(np.float32) * np.float32(self.given.scale)
        steps = (real / np.float32(self.wanted.scale)).astype(np.float64)
        rounded = np.trunc(steps + np.copysign(0.5, steps)) + self.wanted.zero_point
        ends = self.output.dtype.lowest, self.output.dtype.highest
        return tuple(int(value) for value in np.clip(rounded, *ends))


@dataclass(frozen=True)
class Island:
    """What passes/float_islands.py gives a QUANTIZE as option ISLAND: `operations`, from DEQUANTIZE on, that compute
    the float tensor `end` from the stored values of `source`. `answers` are TFLM's for each int8 value of it."""

    source: int
    operations: tuple[Operation, ...]
    end: int
    answers: tuple[int, ...] = ()
    refused: Operation | None = None
    """What TFLM does not run."""

    @property
    def inner(self) -> tuple[Operation, ...]:
        """Those that compute in float32."""
        return tuple(operation for operation in self.operations if operation.name != "DEQUANTIZE")

    @property
    def names(self) -> tuple[str, ...]:
        """Of the operators, in the order in which they run, with the QUANTIZE at the end."""
        return (*(operation.name for operation in self.operations), "QUANTIZE")


ISLAND = "island"


def require_room(op: OpContext, source: Tensor, given: Quantization, zero_point: int, scaled: tuple[int, int]) -> None:
    """Refuses an output zero point whose sum with a scaled value, by (multiplier, shift), leaves 32 bits."""
    multiplier, shift = scaled
    if zero_point == 0 or multiplier < 2**31 - abs(zero_point):
        return  # a scaled value is never beyond its multiplier
    ends = [end - given.zero_point for end in (source.dtype.lowest, source.dtype.highest)]
    wraps = any(not -(2**31) <= end << max(shift, 0) < 2**31 for end in ends)
    sums = [multiply_by_quantized_multiplier(end, multiplier, shift) + zero_point for end in ends]
    fits = not wraps and all(-(2**31) <= value < 2**31 for value in sums)
    op.require(fits, f"an output zero point of {zero_point}", "sums within 32 bits")


def require_float_steps(op: OpContext, source: Tensor, given: Quantization, wanted: Quantization) -> None:
    """Refuses scales with which a float has more steps than an int32: C does not say what their conversion gives."""
    reach = max(abs(end - given.zero_point) for end in (source.dtype.lowest, source.dtype.highest))
    steps = given.scale * reach / wanted.scale
    op.require(steps < 2**30, f"a value of {steps:.3g} output steps", "up to 2^30")


FROM = {
    DType.INT8: (DType.INT8, DType.UINT8, DType.INT16, DType.INT32),
    DType.UINT8: (DType.INT8,),
    DType.INT16: (DType.INT8, DType.INT16, DType.INT32),
    DType.INT32: (DType.INT8, DType.INT16),
}
"""What TFLM's QUANTIZE takes, and what it makes of each."""

FROM_FLOAT = (DType.INT8, DType.INT16)
TO_FLOAT = (DType.INT8, DType.INT16, DType.UINT8)
"""What TFLM's DEQUANTIZE takes."""
