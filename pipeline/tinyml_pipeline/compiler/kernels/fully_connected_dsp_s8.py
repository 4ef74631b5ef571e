"""A dense layer with dual multiplies, the weights of two rows in each lane (firmware/kernels/common/dual_rows.h)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tinyml_pipeline.compiler.dtypes import DType
from tinyml_pipeline.compiler.kernel import Cost, Kernel
from tinyml_pipeline.compiler.kernels._dense import lanes, lower_single_add, proof, why_not_single_add, wrapped
from tinyml_pipeline.compiler.lowering import Array, Buffer, Lowering
from tinyml_pipeline.compiler.ops.fully_connected import FullyConnected
from tinyml_pipeline.compiler.target import Isa, Target


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
    comment = "The bias, with the input's zero point, in the same pairs."
    return lower_single_add(
        op,
        "fully_connected_dsp",
        {
            "weights": Array("weights", DType.UINT32, _paired_words(op.weights), proof(op, _packing(outputs))),
            "starts": Array("starts", DType.INT32, _paired_starts(op), comment),
        },
        Buffer("lanes", DType.INT32, -(-inputs // 4) * 2),
    )


def _packing(outputs: int) -> str:
    pairs = "Rows in pairs, 256 * first + second a lane of 16 bits"
    singles = "four weights of a row a word"
    if outputs < 4:
        return singles.capitalize()
    return f"{pairs}; the last {outputs % 4} alone, {singles}" if outputs % 4 else pairs


def _filled(weights: npt.NDArray[np.int8]) -> npt.NDArray[np.int8]:
    """With zeros behind each row, to a multiple of four inputs."""
    outputs, inputs = weights.shape
    filled = np.zeros((outputs, -(-inputs // 4) * 4), np.int8)
    filled[:, :inputs] = weights
    return filled


def _paired_rows(weights: npt.NDArray[np.int8]) -> npt.NDArray[np.int32]:
    """256 * first + second of each pair of rows that fours hold; what a lane of 16 bits gets."""
    rows = _filled(weights)[: len(weights) // 4 * 4]
    pairs: npt.NDArray[np.int32] = rows[::2].astype(np.int32)
    pairs *= 256
    pairs += rows[1::2]
    return pairs


def _paired_words(weights: npt.NDArray[np.int8]) -> npt.NDArray[np.uint32]:
    outputs = len(weights)
    whole = outputs // 4 * 4
    filled = _filled(weights)
    # (quads, pairs, groups of four inputs, place in the group)
    pairs = _paired_rows(weights).reshape(whole // 4, 2, filled.shape[1] // 4, 4)
    words = lanes(pairs[..., :2], pairs[..., 2:]).transpose(0, 2, 1, 3).ravel()
    return np.concatenate([words, filled[whole:].ravel().view("<u4")])


def _paired_starts(op: FullyConnected) -> npt.NDArray[np.int64]:
    starts = op.bias.copy()
    whole = len(starts) // 4 * 4
    starts[:whole:2] = wrapped(256 * op.bias[:whole:2] + op.bias[1:whole:2])
    return starts


KERNEL = Kernel(
    FullyConnected,
    "fully_connected_dsp_s8",
    "fully_connected/fully_connected_dsp_s8.h",
    _cost,
    _lower,
    Isa.DSP,
    _refuses,
)
