"""Any depthwise convolution in plain C: four channels at once if each input channel makes one output channel."""

from __future__ import annotations

from tinyml_pipeline.compiler.dtypes import DType
from tinyml_pipeline.compiler.kernel import Cost, Kernel
from tinyml_pipeline.compiler.kernels._convolution import channel_fields, window_struct
from tinyml_pipeline.compiler.lowering import Array, Buffer, Call, Lowering, Struct
from tinyml_pipeline.compiler.ops.depthwise_conv_2d import DepthwiseConv2D
from tinyml_pipeline.compiler.target import Target


def _cost(op: DepthwiseConv2D, target: Target) -> Cost:
    return Cost(cycles=(7 if op.multiplier == 1 else 12) * op.macs + 60 * op.output.size, code_bytes=1300)


def _lower(op: DepthwiseConv2D, target: Target) -> Lowering:
    struct = Struct(
        "depthwise_conv_2d_s8",
        {
            "window": window_struct(op.window, op.channels.input_zero_point),
            "batches": op.window.batches,
            "output_height": op.window.output_height,
            "output_width": op.window.output_width,
            "multiplier": op.multiplier,
            "weights": Array("weights", DType.INT8, op.filters),
            **channel_fields(op.channels),
        },
    )
    patch = Buffer("patch", DType.INT8, op.window.taps * op.window.depth)
    multiplier = [f"{op.multiplier} outputs per channel"] if op.multiplier > 1 else []
    details = ", ".join([op.window.describe(), *multiplier, *op.channels.describe()])
    return Lowering((Call("depthwise_conv_2d_s8", (struct, op.source, op.output, patch)),), details)


KERNEL = Kernel(DepthwiseConv2D, "depthwise_conv_2d_s8", "depthwise_conv_2d/depthwise_conv_2d_s8.h", _cost, _lower)
