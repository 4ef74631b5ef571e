"""Any max pool with Helium, sixteen channels at a time."""

from __future__ import annotations

from tinyml_pipeline.compiler.kernel import Cost, Kernel
from tinyml_pipeline.compiler.kernels._pool import lower_pool
from tinyml_pipeline.compiler.lowering import Lowering
from tinyml_pipeline.compiler.ops.max_pool_2d import MaxPool2D
from tinyml_pipeline.compiler.target import Isa, Target

_LANES = 16


def _cost(op: MaxPool2D, target: Target) -> Cost:
    vectors = op.window.pixels * -(-op.window.depth // _LANES)
    return Cost(cycles=vectors * (5 * op.window.taps + 25), code_bytes=350)


def _lower(op: MaxPool2D, target: Target) -> Lowering:
    return lower_pool(op, "max_pool_2d_mve_s8")


KERNEL = Kernel(MaxPool2D, "max_pool_2d_mve_s8", "max_pool_2d/max_pool_2d_mve_s8.h", _cost, _lower, Isa.MVE)
