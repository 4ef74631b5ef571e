"""An average pool whose sums fit 16 bits, four channels at a time."""

from __future__ import annotations

from tinyml_pipeline.compiler.kernel import Cost, Kernel
from tinyml_pipeline.compiler.kernels._pool import lower_pool
from tinyml_pipeline.compiler.lowering import Lowering
from tinyml_pipeline.compiler.ops.average_pool_2d import AveragePool2D
from tinyml_pipeline.compiler.target import Isa, Target

_CHANNELS = 4
_MOST_TAPS = (2**15 - 1) // 128


def _cost(op: AveragePool2D, target: Target) -> Cost:
    return Cost(cycles=(2 * op.window.taps + 30) * op.output.size, code_bytes=500)


def _refuses(op: AveragePool2D, target: Target) -> str | None:
    if op.window.depth % _CHANNELS:
        return f"{op.window.depth} channels; only multiples of {_CHANNELS}"
    if op.window.taps > _MOST_TAPS:
        return f"windows of {op.window.taps} pixels; at most {_MOST_TAPS}"
    return None


def _lower(op: AveragePool2D, target: Target) -> Lowering:
    return lower_pool(op, "average_pool_2d_lanes_s8")


KERNEL = Kernel(
    AveragePool2D,
    "average_pool_2d_lanes_s8",
    "average_pool_2d/average_pool_2d_lanes_s8.h",
    _cost,
    _lower,
    Isa.DSP,
    _refuses,
)
