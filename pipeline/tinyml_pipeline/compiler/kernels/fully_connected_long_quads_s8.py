"""A dense layer of many inputs, with four outputs per pass and four inputs per turn of its loop."""

from __future__ import annotations

from functools import partial

from tinyml_pipeline.compiler.kernel import Cost, Kernel
from tinyml_pipeline.compiler.kernels.fully_connected_quads_s8 import lower_quads, refuses_quads
from tinyml_pipeline.compiler.ops.fully_connected import FullyConnected
from tinyml_pipeline.compiler.target import Target


def _cost(op: FullyConnected, target: Target) -> Cost:
    """Less than that of shorter turns from some 100 inputs on; below, what it saves is not worth the code."""
    return Cost(cycles=op.macs * 7 // 4 + 37 * op.output.size, code_bytes=600)


KERNEL = Kernel(
    FullyConnected,
    "fully_connected_long_quads_s8",
    "fully_connected/fully_connected_long_quads_s8.h",
    _cost,
    partial(lower_quads, kernel="fully_connected_long_quads"),
    refuses=refuses_quads,
)
