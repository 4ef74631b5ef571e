"""Any convolution in plain C: four channels of two pixels at once."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tinyml_pipeline.compiler.dtypes import DType
from tinyml_pipeline.compiler.kernel import Cost, Kernel
from tinyml_pipeline.compiler.kernels._convolution import channel_fields, window_struct
from tinyml_pipeline.compiler.lowering import Array, Buffer, Call, Lowering, Struct
from tinyml_pipeline.compiler.ops.conv_2d import Conv2D
from tinyml_pipeline.compiler.target import Target

_CHANNELS_AT_ONCE = 4


def _cost(op: Conv2D, target: Target) -> Cost:
    return Cost(cycles=4 * op.macs + 60 * op.output.size, code_bytes=1400)


def _lower(op: Conv2D, target: Target) -> Lowering:
    outputs, depth = op.filters.shape[0], op.filters.shape[3]
    struct = Struct(
        "conv_2d_s8",
        {
            "window": window_struct(op.window, op.channels.input_zero_point),
            "batches": op.window.batches,
            "output_height": op.window.output_height,
            "output_width": op.window.output_width,
            "groups": op.groups,
            "depth": depth,
            "channels": outputs // op.groups,
            "weights": Array("weights", DType.INT8, blocks_of_channels(op.filters, op.groups)),
            **channel_fields(op.channels),
        },
    )
    patches = Buffer("patches", DType.INT8, 2 * op.window.taps * depth)
    words = [op.window.describe(), *([f"{op.groups} groups"] if op.groups > 1 else [])]
    details = ", ".join([*words, *op.channels.describe()])
    return Lowering((Call("conv_2d_s8", (struct, op.source, op.output, patches)),), details)


def blocks_of_channels(filters: npt.NDArray[np.int8], groups: int) -> npt.NDArray[np.int8]:
    """Each group's channels in blocks of four, interleaved weight by weight; one to three last ones as rows."""
    parts = []
    for group in filters.reshape(groups, len(filters) // groups, -1):
        whole = len(group) // _CHANNELS_AT_ONCE * _CHANNELS_AT_ONCE
        blocks = group[:whole].reshape(-1, _CHANNELS_AT_ONCE, group.shape[1]).transpose(0, 2, 1)
        parts += [blocks.ravel(), group[whole:].ravel()]
    return np.concatenate(parts)


KERNEL = Kernel(Conv2D, "conv_2d_s8", "conv_2d/conv_2d_s8.h", _cost, _lower)
