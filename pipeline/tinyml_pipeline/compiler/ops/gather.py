"""GATHER along one axis, by indices that are known when the model is compiled."""

from __future__ import annotations

import math

import numpy as np

from tinyml_pipeline.compiler.ops._context import OpContext
from tinyml_pipeline.compiler.ops._move import Gather
from tinyml_pipeline.compiler.ops._move_context import axis_of, numbers, output_like, source_of


def read(op: OpContext) -> Gather:
    """`batch_dims` leading axes of source and indices go together."""
    source, output, indices = source_of(op, ("INT8", "FLOAT32")), op.output(), op.input(1)
    places = np.array(numbers(op, 1, "indices"), np.int64)
    rank, shape = len(source.shape), source.shape
    axis, batches = axis_of(op, op.option("axis", 0), rank), op.option("batch_dims", 0)
    batches += len(indices.shape) if batches < 0 else 0
    fits = 0 <= batches <= min(axis, len(indices.shape)) and indices.shape[:batches] == shape[:batches]
    op.require(fits, f"batch_dims {op.option('batch_dims', 0)} of {list(indices.shape)} and {list(shape)}",
               "leading axes that both have")  # fmt: skip
    output_like(op, source, output, (*shape[:axis], *indices.shape[batches:], *shape[axis + 1 :]))
    op.require(places.min() >= 0 and places.max() < shape[axis],
               f"indices from {places.min()} to {places.max()}", f"0 to {shape[axis] - 1}")  # fmt: skip
    run = math.prod(shape[axis + 1 :])
    if batches == 0:
        return Gather((output,), source, math.prod(shape[:axis]), (0,), tuple((places * run).tolist()), run)
    # One table with the start of every run: of each batch, each block before the axis, each index.
    per_batch = places.reshape(math.prod(shape[:batches]), 1, -1)
    blocks = np.arange(math.prod(shape[:axis])).reshape(len(per_batch), -1, 1) * shape[axis]
    return Gather((output,), source, 1, (0,), tuple(((blocks + per_batch) * run).ravel().tolist()), run)
