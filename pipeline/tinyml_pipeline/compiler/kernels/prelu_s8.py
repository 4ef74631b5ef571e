"""One slope above zero, slopes from another tensor below."""

from __future__ import annotations

from tinyml_pipeline.compiler.kernel import Cost, Kernel
from tinyml_pipeline.compiler.kernels._binary import lower_binary, scale_fields, zero_point_fields
from tinyml_pipeline.compiler.lowering import Lowering
from tinyml_pipeline.compiler.ops.prelu import Prelu
from tinyml_pipeline.compiler.target import Target


def _cost(op: Prelu, target: Target) -> Cost:
    return Cost(cycles=40 * op.output.size, code_bytes=250)


def _lower(op: Prelu, target: Target) -> Lowering:
    fields = {
        **scale_fields(positive=op.positive, negative=op.negative),
        **zero_point_fields(op.first_zero_point, op.second_zero_point, op.output_zero_point),
    }
    return lower_binary(op, "prelu", "prelu_s8", fields, "NONE")


KERNEL = Kernel(Prelu, "prelu_s8", "prelu/prelu_s8.h", _cost, _lower)
