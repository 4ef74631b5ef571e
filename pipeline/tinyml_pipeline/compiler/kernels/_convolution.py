"""What the kernels of convolutions share: the C structs of windows and channels."""

from __future__ import annotations

from tinyml_pipeline.compiler.dtypes import DType
from tinyml_pipeline.compiler.lowering import FieldValue, Struct, int_array
from tinyml_pipeline.compiler.ops._channels import Channels
from tinyml_pipeline.compiler.ops._window import Window


def window_struct(window: Window, zero_point: int) -> Struct:
    """struct window of firmware/kernels/common/window.h."""
    return Struct(
        "window",
        {
            "height": window.height,
            "width": window.width,
            "depth": window.depth,
            "filter_height": window.filter_height,
            "filter_width": window.filter_width,
            "stride_height": window.stride_height,
            "stride_width": window.stride_width,
            "dilation_height": window.dilation_height,
            "dilation_width": window.dilation_width,
            "top": window.top,
            "left": window.left,
            "zero_point": zero_point,
        },
    )


def channel_fields(channels: Channels, *, bias_is_folded: bool = True) -> dict[str, FieldValue]:
    """The fields of a struct that turn sums into outputs."""
    bias, comment = channels.own_bias, ""
    if bias_is_folded:
        bias, comment = channels.bias, "The input's zero point is folded in." if channels.input_zero_point else ""
    return {
        "bias": int_array("bias", DType.INT32, bias, comment),
        "multipliers": int_array("multipliers", DType.INT32, channels.multipliers),
        "shifts": int_array("shifts", DType.INT8, channels.shifts),
        "scale_step": int(channels.per_channel),
        "output_zero_point": channels.output_zero_point,
        "output_min": channels.output_min,
        "output_max": channels.output_max,
    }
