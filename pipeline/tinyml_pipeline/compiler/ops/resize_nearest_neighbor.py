"""RESIZE_NEAREST_NEIGHBOR: which row and column each output comes from is worked out here, in float32 as TFLM does."""

from __future__ import annotations

import numpy as np

from tinyml_pipeline.compiler.ops._context import OpContext
from tinyml_pipeline.compiler.ops._move import Gather, by_axis
from tinyml_pipeline.compiler.ops._resize import Resize, read_resize


def read(op: OpContext) -> Gather:
    resize = read_resize(op, ("INT8", "INT16", "FLOAT32"))
    source, output = resize.source, resize.output
    rows, columns = (nearest(resize, source.shape[axis], output.shape[axis]) for axis in (1, 2))
    return by_axis(source, output, (range(source.shape[0]), rows, columns, range(source.shape[3])))


def nearest(resize: Resize, given: int, wanted: int) -> list[int]:
    """For each of `wanted` indices that of `given`; every step is rounded to float32."""
    one = np.float32
    between = 1 if resize.align_corners and wanted > 1 else 0
    scale = one(given - between) / one(wanted - between)
    offset = one(0.5 if resize.half_pixel_centers else 0.0)
    found = (np.arange(wanted).astype(np.float32) + offset) * scale
    if resize.align_corners:
        found = np.floor(found.astype(np.float64) + 0.5)  # none is negative: half away from zero
    indices = np.minimum(np.floor(found).astype(np.int64), given - 1)
    return [int(index) for index in np.maximum(indices, 0)]
