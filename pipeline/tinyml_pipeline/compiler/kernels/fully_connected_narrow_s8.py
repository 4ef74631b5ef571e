"""A dense layer with one or two inputs: both products of an output in one dual multiply."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tinyml_pipeline.compiler.dtypes import DType
from tinyml_pipeline.compiler.kernel import Cost, Kernel
from tinyml_pipeline.compiler.kernels._dense import (
    lanes,
    lower_single_add,
    proof,
    scales_of,
    why_not_single_add,
    wrapped,
)
from tinyml_pipeline.compiler.lowering import Array, Lowering
from tinyml_pipeline.compiler.ops.fully_connected import FullyConnected
from tinyml_pipeline.compiler.target import Isa, Target


def _cost(op: FullyConnected, target: Target) -> Cost:
    return Cost(cycles=9 * op.output.size, code_bytes=200)


def _refuses(op: FullyConnected, target: Target) -> str | None:
    inputs = op.weights.shape[1]
    return f"{inputs} inputs; at most 2" if inputs > 2 else why_not_single_add(op)


def _lower(op: FullyConnected, target: Target) -> Lowering:
    rows, scales = narrow_rows(op), scales_of(op)
    values = np.hstack([rows, scales]) if op.per_channel else np.concatenate([scales, rows], axis=None)
    scale = "its scale" if op.per_channel else "before them the scale"
    comment = proof(op, f"Of each output: 256 * weights in two lanes of 16 bits, 256 * bias; {scale}")
    words = Array("words", DType.INT32, values, comment)
    return lower_single_add(op, "fully_connected_narrow", "fully_connected_narrow_s8", {"words": words})


def narrow_rows(op: FullyConnected) -> npt.NDArray[np.int64]:
    """Two words of each output."""
    scaled = 256 * op.weights.astype(np.int64)
    high = scaled[:, 1] if scaled.shape[1] > 1 else np.zeros(len(scaled), np.int64)
    return np.stack([wrapped(lanes(scaled[:, 0], high)), wrapped(256 * op.bias)], axis=1)


KERNEL = Kernel(
    FullyConnected,
    "fully_connected_narrow_s8",
    "fully_connected/fully_connected_narrow_s8.h",
    _cost,
    _lower,
    Isa.DSP,
    _refuses,
)
