"""What the kernels of pools share: struct pool_2d of firmware/kernels/common/pool.h."""

from __future__ import annotations

from tinyml_pipeline.compiler.kernel import Cost
from tinyml_pipeline.compiler.lowering import Call, Lowering, Struct
from tinyml_pipeline.compiler.ops._pool import Pool
from tinyml_pipeline.compiler.target import Target


def pool_cost(op: Pool, target: Target) -> Cost:
    return Cost(cycles=(6 * op.window.taps + 40) * op.output.size, code_bytes=550)


def lower_pool(op: Pool, function: str) -> Lowering:
    window = op.window
    struct = Struct(
        "pool_2d",
        {
            "batches": window.batches,
            "input_height": window.height,
            "input_width": window.width,
            "depth": window.depth,
            "output_height": window.output_height,
            "output_width": window.output_width,
            "filter_height": window.filter_height,
            "filter_width": window.filter_width,
            "stride_height": window.stride_height,
            "stride_width": window.stride_width,
            "top": window.top,
            "left": window.left,
            "output_min": op.output_min,
            "output_max": op.output_max,
        },
    )
    details = window.describe() + ("" if op.activation == "NONE" else f", {op.activation.lower()}")
    return Lowering((Call(function, (struct, op.source, op.output)),), details)
