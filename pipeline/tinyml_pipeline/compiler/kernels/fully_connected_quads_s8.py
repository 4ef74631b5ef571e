"""A dense layer with four outputs per pass: each input is loaded once for four products."""

from __future__ import annotations

import numpy as np

from tinyml_pipeline.compiler.dtypes import DType
from tinyml_pipeline.compiler.kernel import Cost, Kernel
from tinyml_pipeline.compiler.kernels._dense import (
    Fields,
    bias_array,
    lower_single_add,
    proof,
    scales_of,
    why_not_single_add,
)
from tinyml_pipeline.compiler.kernels._requantize import Scale
from tinyml_pipeline.compiler.lowering import Array, Lowering
from tinyml_pipeline.compiler.ops.fully_connected import FullyConnected
from tinyml_pipeline.compiler.target import Target


def _cost(op: FullyConnected, target: Target) -> Cost:
    return Cost(cycles=2 * op.macs + 12 * op.output.size, code_bytes=400)


def refuses_quads(op: FullyConnected, target: Target) -> str | None:
    return "it reads its weights like data" if target.flash_is_separate else why_not_single_add(op)


def lower_quads(op: FullyConnected, target: Target, kernel: str = "fully_connected_quads") -> Lowering:
    """Of any kernel with this layout."""
    outputs, inputs = op.weights.shape
    whole = outputs // 4 * 4
    quads = op.weights[:whole].reshape(-1, 4, inputs).transpose(0, 2, 1)
    weights = np.concatenate([quads.ravel(), op.weights[whole:].ravel()])
    array = Array("weights", DType.INT8, weights, proof(op, "Four rows side by side"))
    fields: Fields = {"weights": array, "bias": bias_array(op)}
    scales = scales_of(op)
    if op.per_channel:
        fields["scales"] = Array("scales", DType.INT32, scales, "Multiplier, offset and shift of each output.")
        return lower_single_add(op, kernel, "fully_connected_quads_per_channel_s8", fields)
    fields |= Scale(*scales[0].tolist())._asdict()
    return lower_single_add(op, kernel, "fully_connected_quads_s8", fields)


KERNEL = Kernel(
    FullyConnected,
    "fully_connected_quads_s8",
    "fully_connected/fully_connected_quads_s8.h",
    _cost,
    lower_quads,
    refuses=refuses_quads,
)
