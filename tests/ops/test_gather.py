"""GATHER and GATHER_ND by constant indices."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from tests.networks import Builder, Known
from tests.ops.check import Build, T, exact, one, refused


def gather(shape: Sequence[int], indices: npt.ArrayLike, axis: int, *, batch_dims: int = 0,
           wanted: Sequence[int] | None = None, type: str = "INT8") -> Build:  # fmt: skip
    places, at = np.array(indices), axis % len(shape)
    batches = batch_dims % len(places.shape) if batch_dims < 0 else batch_dims
    made = (*shape[:at], *places.shape[batches:], *shape[at + 1 :]) if wanted is None else wanted
    inputs = [T(tuple(shape), 0.1, 3, type), T(places.shape, type="INT32", data=places)]
    return one("GATHER", inputs, [T(tuple(made), 0.1, 3, type)], axis=axis, batchDims=batch_dims)


def gather_nd(shape: Sequence[int], indices: npt.ArrayLike, *, type: str = "INT8") -> Build:
    places = np.array(indices)
    inputs = [T(tuple(shape), 0.1, 3, type), T(places.shape, type="INT32", data=places)]
    return one("GATHER_ND", inputs, [T((*places.shape[:-1], *shape[places.shape[-1] :]), 0.1, 3, type)])


CASES = {
    "first_axis": gather((4, 3), [2, 0, 2], 0),
    "last_axis": gather((2, 5), [4, 4, 1], -1),
    "middle_axis": gather((2, 4, 3), [3, 0], 1),
    "matrix_of_indices": gather((2, 4, 3), [[3, 0], [1, 1], [2, 2]], 1),
    "one_scalar_index": gather((2, 4, 3), 2, 1),
    "batch_dims": gather((3, 4), [[1, 1], [0, 3], [2, 0]], 1, batch_dims=1),
    "batch_dims_and_blocks": gather((2, 3, 4, 2), [[1, 3], [0, 2]], 2, batch_dims=1),
    "negative_batch_dims": gather((3, 4, 2), [[1, 1], [0, 3], [2, 0]], 1, batch_dims=-1),
    "nd_elements": gather_nd((3, 4), [[0, 3], [2, 1], [0, 0]]),
    "nd_rows": gather_nd((3, 4, 2), [[2], [0]]),
    "nd_matrix": gather_nd((2, 3, 4), [[[0, 2], [1, 1]], [[1, 0], [0, 0]]]),
    "nd_one": gather_nd((2, 3), [1, 2]),
    "nd_five": gather_nd((2, 1, 2, 3, 2), [[1, 0, 1, 2, 1], [0, 0, 0, 1, 0]]),
}
REFUSED = {
    "outside": (
        gather((4, 3), [4], 0),
        "gather (op 0): indices from 4 to 4 is unsupported; supported: 0 to 3.",
    ),
    "negative": (
        gather((4, 3), [-1, 2], 0),
        "gather (op 0): indices from -1 to 2 is unsupported; supported: 0 to 3.",
    ),
    "computed": (
        one("GATHER", [T((4, 3), 0.1), T((2,), type="INT32")], [T((2, 3), 0.1)]),
        "gather (op 0): indices that the model computes is unsupported; supported: constant indices.",
    ),
    "int16": (
        gather((4, 3), [1], 0, type="INT16"),
        "gather (op 0): an input of type INT16 is unsupported; supported: INT8 or FLOAT32.",
    ),
    "batch_dims": (
        gather((3, 4), [[1, 1], [0, 3]], 1, batch_dims=1, wanted=(3, 2)),
        "gather (op 0): batch_dims 1 of [2, 2] and [3, 4] is unsupported; supported: leading axes that both have.",
    ),
    "output": (
        gather((3, 4), [1], 1, wanted=(3, 2)),
        "gather (op 0): an output of shape [3, 2] is unsupported; supported: [3, 1].",
    ),
    "nd_outside": (
        gather_nd((3, 4), [[0, 4]]),
        "gather_nd (op 0): an index outside of its axis is unsupported; supported: indices below [3, 4].",
    ),
    "nd_too_deep": (
        one("GATHER_ND", [T((4,), 0.1), T((1, 2), type="INT32", data=[0, 0])], [T((1,), 0.1)]),
        "gather_nd (op 0): indices of 2 numbers into 1 dimensions is unsupported; supported: 1 to 1.",
    ),
}
test_exact = exact(CASES)
test_refused = refused(REFUSED)


def draw_gather(builder: Builder, source: Known) -> Known | None:
    if not source.shape:
        return None
    axis = int(builder.rng.integers(len(source.shape)))
    places = builder.rng.integers(0, source.shape[axis], int(builder.rng.integers(1, 5)))
    shape = (*source.shape[:axis], len(places), *source.shape[axis + 1 :])
    output = builder.tensor(shape, source.scale, source.zero_point)
    given = builder.writer.tensor(places.shape, type="INT32", data=places)
    builder.writer.operation("GATHER", [source.index, given], [output.index], axis=axis)
    return output


def draw_gather_nd(builder: Builder, source: Known) -> Known | None:
    if not 0 < len(source.shape) <= 5:
        return None
    depth = int(builder.rng.integers(1, len(source.shape) + 1))
    count = int(builder.rng.integers(1, 5))
    places = np.stack([builder.rng.integers(0, size, count) for size in source.shape[:depth]], axis=-1)
    output = builder.tensor((count, *source.shape[depth:]), source.scale, source.zero_point)
    given = builder.writer.tensor(places.shape, type="INT32", data=places)
    builder.writer.operation("GATHER_ND", [source.index, given], [output.index])
    return output


draws = {"gather": draw_gather, "gather_nd": draw_gather_nd}
