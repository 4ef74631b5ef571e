"""A convolution by filters of 3x3 in tiles of 2x2 outputs (firmware/kernels/common/winograd.h)."""

from __future__ import annotations

from tinyml_pipeline.compiler.kernel import Kernel
from tinyml_pipeline.compiler.kernels._winograd import TILES_OF_2
from tinyml_pipeline.compiler.ops.conv_2d import Conv2D
from tinyml_pipeline.compiler.target import Isa

KERNEL = Kernel(
    Conv2D,
    "conv_2d_winograd_2_s8",
    "conv_2d/conv_2d_winograd_2_s8.h",
    TILES_OF_2.cost,
    TILES_OF_2.lower,
    Isa.DSP,
    TILES_OF_2.refuses,
)
