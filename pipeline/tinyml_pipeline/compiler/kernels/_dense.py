"""What the fast kernels of dense layers share: the proof that they are exact, and their scales."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from tinyml_pipeline.compiler.dtypes import DType
from tinyml_pipeline.compiler.kernels._requantize import HIGHEST_SUM, LOWEST_SUM, Scale, needs_sign, single_add_scale
from tinyml_pipeline.compiler.lowering import Argument, Array, Call, FieldValue, Lowering, Struct
from tinyml_pipeline.compiler.ops._context import INT8_MAX, INT8_MIN
from tinyml_pipeline.compiler.ops.fully_connected import FullyConnected

Fields = dict[str, FieldValue]


def sums_fit_24_bits(op: FullyConnected) -> bool:
    """Whether no input can drive a sum out of 24 bits: shown from the weights themselves."""
    return bool(op.lowest.min() >= LOWEST_SUM and op.highest.max() <= HIGHEST_SUM)


def why_not_single_add(op: FullyConnected) -> str | None:
    """Why the kernels that requantize with one addition are not exact for a layer; None if they are."""
    if op.batches > 1:
        return f"{op.batches} rows of inputs; at most 1"
    if not sums_fit_24_bits(op):
        return f"a sum reaches {_reach(op)}; at most {HIGHEST_SUM}"
    if (op.output_min, op.output_max) != (INT8_MIN, INT8_MAX):
        return f"outputs are clamped to {op.output_min} to {op.output_max}; only to {INT8_MIN} to {INT8_MAX}"
    if _scales(op) is None:
        return "a scale shifts by more than one addition can round"
    return None


def lower_single_add(op: FullyConnected, kernel: str, struct: str, fields: Fields, *more: Argument) -> Lowering:
    """The call of one of the kernel's four functions: with or without negative sums, one scale or one per output."""
    outputs, inputs = op.weights.shape
    relu = "" if needs_sign(op.output_zero_point, op.output_min) else "_relu"
    per_channel = "_per_channel" if op.per_channel else ""
    layer = Struct(struct, {"inputs": inputs, "outputs": outputs, **fields})
    return Lowering((Call(f"{kernel}{relu}{per_channel}_s8", (layer, op.source, op.output, *more)),), describe(op))


def scales_of(op: FullyConnected) -> npt.NDArray[np.int64]:
    """Multiplier, offset and shift: one row for the layer, or one per output; of layers that the kernel accepts."""
    scales = _scales(op)
    assert scales is not None, "the kernel did not refuse"
    return np.array(scales, np.int64)


def _scales(op: FullyConnected) -> list[Scale] | None:
    """What these kernels scale by; None if an output has no such scale."""
    signed = needs_sign(op.output_zero_point, op.output_min)
    scales = [
        single_add_scale(multiplier, shift, op.output_zero_point, signed=signed)
        for multiplier, shift in zip(op.multipliers, op.shifts, strict=True)
    ]
    found = [scale for scale in scales if scale is not None]
    return found if len(found) == len(scales) else None


def describe(op: FullyConnected) -> str:
    """What the layer's comment says besides shapes: rows, scales, activation."""
    words = [f"{op.batches} rows"] if op.batches > 1 else []
    if op.per_channel:
        words.append("per channel")
    return ", ".join(words if op.activation == "NONE" else [*words, op.activation.lower()])


def bias_array(op: FullyConnected) -> Array:
    return Array("bias", DType.INT32, op.bias, "The input's zero point is folded in.")


def _reach(op: FullyConnected) -> int:
    return int(max(-op.lowest.min(), op.highest.max()))


def proof(op: FullyConnected, what: str) -> str:
    return f"{what}. No input drives a sum beyond {_reach(op)}; up to {HIGHEST_SUM} is exact."


def wrapped(values: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """As int32 arithmetic leaves them: only the end of a sum must fit, not its start."""
    return values.astype(np.uint64).astype(np.uint32).astype(np.int32).astype(np.int64)


def lanes(low: npt.NDArray[Any], high: npt.NDArray[Any]) -> npt.NDArray[np.uint32]:
    """Two int16 per word, as an unsigned number."""
    words: npt.NDArray[np.uint32] = np.stack([low, high], axis=-1).astype("<i2").view("<u4")[..., 0]
    return words
