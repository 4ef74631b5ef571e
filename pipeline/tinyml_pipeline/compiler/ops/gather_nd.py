"""GATHER_ND, by indices that are known when the model is compiled."""

from __future__ import annotations

import numpy as np

from tinyml_pipeline.compiler.ops._context import OpContext
from tinyml_pipeline.compiler.ops._move import Gather
from tinyml_pipeline.compiler.ops._move_context import numbers, output_like, source_of
from tinyml_pipeline.compiler.ops._view import strides_of


def read(op: OpContext) -> Gather:
    source, output, indices = source_of(op, ("INT8", "FLOAT32")), op.output(), op.input(1)
    places = np.array(numbers(op, 1, "indices"), np.int64).reshape(indices.shape)
    shape = source.shape
    op.require(len(indices.shape) > 0, "indices without a dimension", "a vector and above")
    depth = indices.shape[-1]
    op.require(0 < depth <= min(5, len(shape)), f"indices of {depth} numbers into {len(shape)} dimensions",
               f"1 to {min(5, len(shape))}")  # fmt: skip
    output_like(op, source, output, (*indices.shape[:-1], *shape[depth:]))
    # TFLM only looks whether the sum lies inside; inside of each axis is what a converter makes.
    inside = bool(np.all((places >= 0) & (places < np.array(shape[:depth]))))
    op.require(inside, "an index outside of its axis", f"indices below {list(shape[:depth])}")
    run = strides_of(shape)[depth - 1]
    starts = (places * np.array(strides_of(shape)[:depth])).sum(axis=-1)
    return Gather((output,), source, 1, (0,), tuple(starts.ravel().tolist()), run)
