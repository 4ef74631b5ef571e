"""Any transposed convolution in plain C: each output gathers from the inputs that reach it."""

from __future__ import annotations

from tinyml_pipeline.compiler.dtypes import DType
from tinyml_pipeline.compiler.kernel import Cost, Kernel
from tinyml_pipeline.compiler.kernels._convolution import channel_fields
from tinyml_pipeline.compiler.lowering import Array, Call, Lowering, Struct
from tinyml_pipeline.compiler.ops.transpose_conv import TransposeConv
from tinyml_pipeline.compiler.target import Target


def _cost(op: TransposeConv, target: Target) -> Cost:
    return Cost(cycles=8 * op.macs + 100 * op.output.size, code_bytes=750)


def _lower(op: TransposeConv, target: Target) -> Lowering:
    _, input_height, input_width, input_depth = op.source.shape
    batches, output_height, output_width, output_depth = op.output.shape
    filter_height, filter_width = op.filters.shape[1:3]
    struct = Struct(
        "transpose_conv_s8",
        {
            "batches": batches,
            "input_height": input_height,
            "input_width": input_width,
            "input_depth": input_depth,
            "output_height": output_height,
            "output_width": output_width,
            "output_depth": output_depth,
            "filter_height": filter_height,
            "filter_width": filter_width,
            "stride_height": op.strides[0],
            "stride_width": op.strides[1],
            "top": op.top,
            "left": op.left,
            "weights": Array("weights", DType.INT8, op.filters),
            **channel_fields(op.channels, bias_is_folded=False),
            "input_zero_point": op.channels.input_zero_point,
        },
    )
    words = [f"{filter_height}x{filter_width}", f"stride {op.strides[0]}x{op.strides[1]}"]
    details = ", ".join([*words, *op.channels.describe()])
    return Lowering((Call("transpose_conv_s8", (struct, op.source, op.output)),), details)


KERNEL = Kernel(TransposeConv, "transpose_conv_s8", "transpose_conv/transpose_conv_s8.h", _cost, _lower)
