"""Any product of matrices in plain C, by steps through memory."""

from __future__ import annotations

import math
from collections.abc import Sequence

from tinyml_pipeline.compiler.kernel import Cost, Kernel
from tinyml_pipeline.compiler.lowering import Call, Lowering, Struct
from tinyml_pipeline.compiler.ops.batch_matmul import BatchMatMul
from tinyml_pipeline.compiler.target import Target


def _cost(op: BatchMatMul, target: Target) -> Cost:
    return Cost(cycles=10 * op.macs + 40 * op.output.size, code_bytes=550)


def _lower(op: BatchMatMul, target: Target) -> Lowering:
    left = _steps(op.left_leading, op.rows * op.depth)
    right = _steps(op.right_leading, op.columns * op.depth)
    axes = [
        Struct("batch_axis", {"size": size, "left": a, "right": b})
        for size, a, b in zip(op.leading, left, right, strict=True)
    ]
    left_row, left_column = (1, op.rows) if op.left_is_transposed else (op.depth, 1)
    right_row, right_column = (1, op.depth) if op.right_is_transposed else (op.columns, 1)
    struct = Struct(
        "batch_matmul_s8",
        {
            "outer": axes[0],
            "middle": axes[1],
            "inner": axes[2],
            "rows": op.rows,
            "columns": op.columns,
            "depth": op.depth,
            "left_row": left_row,
            "left_column": left_column,
            "right_row": right_row,
            "right_column": right_column,
            "multiplier": op.multiplier,
            "shift": op.shift,
            "left_zero_point": op.left_zero_point,
            "right_zero_point": op.right_zero_point,
            "output_zero_point": op.output_zero_point,
        },
    )
    count = math.prod(op.leading)
    details = f"{op.rows}x{op.depth} by {op.depth}x{op.columns}" + (f", {count} of them" if count > 1 else "")
    return Lowering((Call("batch_matmul_s8", (struct, op.left, op.right, op.output)),), details)


def _steps(sizes: Sequence[int], matrix: int) -> list[int]:
    """From one matrix to the next along each leading axis; 0 along one that is repeated."""
    steps = []
    for axis, size in enumerate(sizes):
        steps.append(0 if size == 1 else math.prod(sizes[axis + 1 :]) * matrix)
    return steps


KERNEL = Kernel(BatchMatMul, "batch_matmul_s8", "batch_matmul/batch_matmul_s8.h", _cost, _lower)
