"""A dense layer with dual multiplies, the weights of two rows in each lane (firmware/kernels/common/dual_rows.h)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tinyml_pipeline.compiler.dtypes import DType
from tinyml_pipeline.compiler.kernel import Cost, Kernel
from tinyml_pipeline.compiler.kernels._dense import (
    Fields,
    lanes,
    lower_single_add,
    proof,
    scales_of,
    why_not_single_add,
    wrapped,
)
from tinyml_pipeline.compiler.lowering import Array, Buffer, Lowering
from tinyml_pipeline.compiler.ops.fully_connected import FullyConnected
from tinyml_pipeline.compiler.target import Isa, Target

_ROWS_AT_ONCE = 4


def _cost(op: FullyConnected, target: Target) -> Cost:
    return Cost(cycles=op.macs + 10 * op.output.size, code_bytes=400)


def _refuses(op: FullyConnected, target: Target) -> str | None:
    """Weights of TFLite's converter lie in -127 to 127, and any two fit a lane; -128 in a pair's first row may not."""
    reason = why_not_single_add(op)
    if reason is None and _paired_rows(op.weights).min(initial=0) < -(2**15):
        return "two weights do not fit a lane of 16 bits"
    return reason


def _lower(op: FullyConnected, target: Target) -> Lowering:
    outputs, inputs = op.weights.shape
    whole, scale = _whole(op.weights), "each with its scale" if op.per_channel else "then the scale"
    packing = "pairs of rows, 256 * first + second in a lane of 16 bits, behind their biases" if whole else "biases"
    words = Array("words", DType.INT32, _words(op), proof(op, f"{packing.capitalize()}; {scale}"))
    rows = _filled(op.weights)[whole:].view("<i4")
    fields: Fields = {
        "words": words,
        "rows": Array("rows", DType.INT32, rows, "Four weights a word.") if outputs > whole else None,
    }
    scratch = Buffer("lanes", DType.INT32, -(-inputs // 4) * 2) if whole else None
    return lower_single_add(op, "fully_connected_dsp", "fully_connected_dsp_s8", fields, scratch)


def _filled(weights: npt.NDArray[np.int8]) -> npt.NDArray[np.int8]:
    """With zeros behind each row, to a multiple of four inputs."""
    outputs, inputs = weights.shape
    filled = np.zeros((outputs, -(-inputs // 4) * 4), np.int8)
    filled[:, :inputs] = weights
    return filled


def _paired_rows(weights: npt.NDArray[np.int8]) -> npt.NDArray[np.int32]:
    """256 * first + second of each pair of rows that fours hold; what a lane of 16 bits gets."""
    rows = _filled(weights)[: _whole(weights)]
    pairs: npt.NDArray[np.int32] = rows[::2].astype(np.int32)
    pairs *= 256
    pairs += rows[1::2]
    return pairs


def _whole(weights: npt.NDArray[np.int8]) -> int:
    """Rows that are in fours."""
    return len(weights) // _ROWS_AT_ONCE * _ROWS_AT_ONCE


def _words(op: FullyConnected) -> npt.NDArray[np.int64]:
    """In the order of struct fully_connected_dsp_s8."""
    whole, filled, scales = _whole(op.weights), _filled(op.weights), scales_of(op)
    passes, groups = whole // _ROWS_AT_ONCE, filled.shape[1] // 4
    # (passes, pairs, groups of four inputs, place in the group)
    pairs = _paired_rows(op.weights).reshape(passes, 2, groups, 4)
    weights = lanes(pairs[..., :2], pairs[..., 2:]).transpose(0, 2, 1, 3).reshape(passes, 4 * groups)
    starts = op.bias.copy()
    starts[:whole:2] = 256 * op.bias[:whole:2] + op.bias[1:whole:2]
    fours, singles = np.hstack([starts[:whole].reshape(passes, _ROWS_AT_ONCE), weights]), starts[whole:, np.newaxis]
    if op.per_channel:
        fours = np.hstack([fours, scales[:whole].reshape(passes, _ROWS_AT_ONCE * 3)])
        singles = np.hstack([singles, scales[whole:]])
        scales = scales[:0]
    return wrapped(np.concatenate([fours, scales, singles], axis=None))


KERNEL = Kernel(
    FullyConnected,
    "fully_connected_dsp_s8",
    "fully_connected/fully_connected_dsp_s8.h",
    _cost,
    _lower,
    Isa.DSP,
    _refuses,
)
