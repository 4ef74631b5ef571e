"""BATCH_MATMUL: products of matrices, of which both may be computed."""

from __future__ import annotations

import math
from dataclasses import dataclass

from tinyml_pipeline.compiler.fixed_point import INT32_MAX, quantize_multiplier, zero_point_fits
from tinyml_pipeline.compiler.graph import Tensor
from tinyml_pipeline.compiler.op import Op
from tinyml_pipeline.compiler.ops._context import INT8_MAX, INT8_MIN, OpContext

_LEADING_AXES = 3


@dataclass(frozen=True, eq=False)
class BatchMatMul(Op):
    """left (..., rows, depth) times right (..., depth, columns); each stored transposed if it says so.

    `left_leading` and `right_leading` are the sizes of three leading axes; a size of 1 is repeated for the other side.
    """

    left: Tensor
    right: Tensor
    output: Tensor
    left_leading: tuple[int, ...]
    right_leading: tuple[int, ...]
    rows: int
    columns: int
    depth: int
    left_is_transposed: bool
    right_is_transposed: bool
    multiplier: int
    shift: int
    left_zero_point: int
    right_zero_point: int
    output_zero_point: int

    @property
    def leading(self) -> tuple[int, ...]:
        return tuple(max(pair) for pair in zip(self.left_leading, self.right_leading, strict=True))

    @property
    def macs(self) -> int:
        return math.prod(self.leading) * self.rows * self.columns * self.depth


def read(op: OpContext) -> BatchMatMul:
    left, right, output = op.input(0), op.input(1), op.output()
    given, other = op.quantization(left, "left input"), op.quantization(right, "right input")
    wanted = op.quantization(output, "output")
    for tensor, what in ((left, "a left input"), (right, "a right input")):
        op.require(2 <= len(tensor.shape) <= 2 + _LEADING_AXES and tensor.size > 0,
                   f"{what} of shape {list(tensor.shape)}", "2 to 5 dimensions")  # fmt: skip
    adj_x, adj_y = bool(op.option("adj_x", False)), bool(op.option("adj_y", False))
    rows, depth = left.shape[-2:] if not adj_x else left.shape[:-3:-1]
    right_depth, columns = right.shape[-2:] if not adj_y else right.shape[:-3:-1]
    op.require(depth == right_depth, f"a product of {rows}x{depth} by {right_depth}x{columns}", "equal inner sizes")
    leading = [(1,) * (5 - len(tensor.shape)) + tensor.shape[:-2] for tensor in (left, right)]
    op.require(all(a == b or 1 in (a, b) for a, b in zip(*leading, strict=True)),
               f"leading axes of {list(left.shape)} and {list(right.shape)}", "equal sizes, or 1")  # fmt: skip
    shape = (*map(max, *leading), rows, columns)[5 - max(len(left.shape), len(right.shape)) :]
    op.shape_of(output, shape, "an output")
    reach = depth * 255 * 255
    op.require(reach <= INT32_MAX, f"a sum of up to {reach}", "sums within 32 bits")
    ratio = given.scale * other.scale / wanted.scale
    op.require(ratio < 2**30, f"an output scale of {wanted.scale:g}", "ratios of scales below 2^30")
    multiplier, shift = quantize_multiplier(ratio)
    ends = [
        depth * (a - given.zero_point) * (b - other.zero_point)
        for a in (INT8_MIN, INT8_MAX) for b in (INT8_MIN, INT8_MAX)
    ]  # fmt: skip
    fits = zero_point_fits(min(ends), max(ends), multiplier, shift)
    op.require(fits, f"an output scale of {wanted.scale:g}", "scaled sums within 32 bits")
    return BatchMatMul(
        left, right, output, leading[0], leading[1], rows, columns, depth, adj_x, adj_y, multiplier, shift,
        given.zero_point, other.zero_point, wanted.zero_point,
    )  # fmt: skip
