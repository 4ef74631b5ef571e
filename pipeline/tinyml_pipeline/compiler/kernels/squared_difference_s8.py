"""Squares of the differences of two tensors."""

from __future__ import annotations

from tinyml_pipeline.compiler.kernel import Cost, Kernel
from tinyml_pipeline.compiler.kernels._binary import lower_binary, scale_fields, zero_point_fields
from tinyml_pipeline.compiler.lowering import Lowering
from tinyml_pipeline.compiler.ops.squared_difference import SquaredDifference
from tinyml_pipeline.compiler.target import Target


def _cost(op: SquaredDifference, target: Target) -> Cost:
    return Cost(cycles=75 * op.output.size, code_bytes=350)


def _lower(op: SquaredDifference, target: Target) -> Lowering:
    fields = {
        **scale_fields(first=op.first_scale, second=op.second_scale, output=op.output_scale),
        **zero_point_fields(op.first_zero_point, op.second_zero_point, op.output_zero_point),
    }
    return lower_binary(op, "squared_difference", "squared_difference_s8", fields, "NONE")


KERNEL = Kernel(SquaredDifference, "squared_difference_s8", "squared_difference/squared_difference_s8.h", _cost, _lower)
