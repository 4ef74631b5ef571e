"""An average pool with Helium, whose sums fit 16 bits, eight channels at a time."""

from __future__ import annotations

from tinyml_pipeline.compiler.kernel import Cost, Kernel
from tinyml_pipeline.compiler.kernels._pool import lower_pool
from tinyml_pipeline.compiler.lowering import Lowering
from tinyml_pipeline.compiler.ops.average_pool_2d import AveragePool2D
from tinyml_pipeline.compiler.target import Isa, Target

_LANES = 8
_MOST_TAPS = (2**15 - 1) // 128


def _cost(op: AveragePool2D, target: Target) -> Cost:
    vectors = op.window.pixels * -(-op.window.depth // _LANES)
    return Cost(cycles=vectors * (5 * op.window.taps + 40), code_bytes=450)


def _refuses(op: AveragePool2D, target: Target) -> str | None:
    taps = op.window.taps
    return f"windows of {taps} pixels; at most {_MOST_TAPS}" if taps > _MOST_TAPS else None


def _lower(op: AveragePool2D, target: Target) -> Lowering:
    return lower_pool(op, "average_pool_2d_mve_s8")


KERNEL = Kernel(
    AveragePool2D,
    "average_pool_2d_mve_s8",
    "average_pool_2d/average_pool_2d_mve_s8.h",
    _cost,
    _lower,
    Isa.MVE,
    _refuses,
)
