"""SLICE and STRIDED_SLICE: masks, negative indices and strides, every rank."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tests.networks import Builder, Known
from tests.ops.check import Build, T, exact, one, refused


def cut(shape: Sequence[int], begins: Sequence[int], sizes: Sequence[int], *, type: str = "INT8",
        indices: str = "INT32", wanted: Sequence[int] | None = None) -> Build:  # fmt: skip
    made = [reach - begin if size == -1 else size for reach, begin, size in zip(shape, begins, sizes, strict=True)]
    operands = [T((len(shape),), type=indices, data=values) for values in (begins, sizes)]
    return one("SLICE", [T(tuple(shape), 0.1, 3, type), *operands], [T(tuple(wanted or made), 0.1, 3, type)])


def strided(shape: Sequence[int], begins: Sequence[int], ends: Sequence[int], strides: Sequence[int],
            wanted: Sequence[int], *, type: str = "INT8", **masks: object) -> Build:  # fmt: skip
    operands = [T((len(shape),), type="INT32", data=values) for values in (begins, ends, strides)]
    return one("STRIDED_SLICE", [T(tuple(shape), 0.1, 3, type), *operands], [T(tuple(wanted), 0.1, 3, type)], **masks)


CASES = {
    "one_dimension": cut((7,), (2,), (3,)),
    "to_the_end": cut((4, 5), (1, 2), (-1, -1)),
    "inner": cut((2, 5, 4, 3), (0, 1, 1, 0), (2, 3, 2, 3)),
    "five_dimensions": cut((2, 3, 2, 3, 4), (1, 0, 0, 1, 1), (1, 2, 2, 2, 2)),
    "everything": cut((3, 4), (0, 0), (3, 4)),
    "int64_indices": cut((3, 4), (1, 1), (2, 2), indices="INT64"),
    "int16": cut((3, 4), (1, 1), (2, 2), type="INT16"),
    "int32": cut((3, 4), (1, 1), (2, 3), type="INT32"),
    "strided": strided((7,), (1,), (7,), (2,), (3,)),
    "strided_every_axis": strided((2, 5, 6, 3), (0, 1, 0, 0), (2, 5, 6, 3), (1, 2, 3, 2), (2, 2, 2, 2)),
    "strided_negative_indices": strided((3, 6), (-2, -5), (-1, -1), (1, 2), (1, 2)),
    "strided_backwards": strided((3, 6), (2, 4), (0, 0), (-1, -2), (2, 2)),
    "strided_reversed": strided((3, 6), (0, 0), (0, 0), (-1, -1), (3, 6), beginMask=3, endMask=3),
    "strided_beyond_the_ends": strided((5, 4), (-9, 1), (9, 99), (1, 1), (5, 3)),
    "begin_mask": strided((5, 4), (3, 1), (4, 3), (1, 1), (4, 2), beginMask=1),
    "end_mask": strided((5, 4), (3, 1), (4, 2), (1, 1), (2, 3), endMask=3),
    "axis_vanishes": strided((5, 4), (3, 1), (4, 3), (1, 1), (2,), shrinkAxisMask=1),
    "negative_axis_vanishes": strided((5, 4), (0, -1), (0, 0), (1, 1), (5,), shrinkAxisMask=2, endMask=1),
    "to_a_scalar": strided((5,), (3,), (4,), (1,), (), shrinkAxisMask=1),
    "strided_int16": strided((5, 4), (0, 3), (5, 0), (2, -2), (3, 2), type="INT16"),
    "strided_int32": strided((5, 4), (0, 3), (5, 0), (2, -2), (3, 2), type="INT32"),
}
REFUSED = {
    "slice_outside": (
        cut((3, 4), (1, 2), (2, 3)),
        "slice (op 0): a slice from 2 of size 3 along axis 1 is unsupported; supported: indices from 0 to 3.",
    ),
    "slice_output": (
        cut((3, 4), (1, 2), (2, 2), wanted=(2, 1)),
        "slice (op 0): an output of shape [2, 1] is unsupported; supported: [2, 2].",
    ),
    "slice_computed": (
        one("SLICE", [T((3,), 0.1), T((1,), type="INT32"), T((1,), type="INT32", data=[1])], [T((1,), 0.1)]),
        "slice (op 0): begins that the model computes is unsupported; supported: constant begins.",
    ),
    "slice_count": (
        one("SLICE", [T((3, 2), 0.1), *[T((1,), type="INT32", data=[1])] * 2], [T((1, 1), 0.1)]),
        "slice (op 0): 1 numbers as begins is unsupported; supported: 2.",
    ),
    "slice_of_six_dimensions": (
        cut((1,) * 6, (0,) * 6, (1,) * 6),
        "slice (op 0): an input of 6 dimensions is unsupported; supported: up to 5.",
    ),
    "strided_of_five_dimensions": (
        strided((1,) * 5, (0,) * 5, (1,) * 5, (1,) * 5, (1,) * 5),
        "strided_slice (op 0): an input of 5 dimensions is unsupported; supported: up to 4.",
    ),
    "stride_0": (
        strided((4,), (0,), (4,), (0,), (4,)),
        "strided_slice (op 0): a stride of 0 is unsupported; supported: other strides.",
    ),
    "new_axis": (
        strided((4,), (0,), (4,), (1,), (1, 4), newAxisMask=1),
        "strided_slice (op 0): new_axis_mask 1 is unsupported; supported: 0.",
    ),
    "ellipsis": (
        strided((4, 2), (0, 0), (0, 1), (1, 1), (4, 1), ellipsisMask=1),
        "strided_slice (op 0): ellipsis_mask 1 is unsupported; supported: 0.",
    ),
    "offset": (
        strided((4,), (1,), (2,), (1,), (2,), offset=True),
        "strided_slice (op 0): offset True is unsupported; supported: 0.",
    ),
    "vanishing_backwards": (
        strided((4,), (1,), (0,), (-1,), (), shrinkAxisMask=1),
        "strided_slice (op 0): a stride of -1 along an axis that vanishes is unsupported; supported: positive strides"
        " there.",
    ),
    "vanishing_outside": (
        strided((4,), (4,), (5,), (1,), (), shrinkAxisMask=1),
        "strided_slice (op 0): index 4 of 4 is unsupported; supported: an index inside of the axis.",
    ),
    "strided_output": (
        strided((4,), (1,), (4,), (2,), (3,)),
        "strided_slice (op 0): an output of shape [3] is unsupported; supported: [2].",
    ),
}
test_exact = exact(CASES)
test_refused = refused(REFUSED)


def _operands(builder: Builder, *rows: Sequence[int]) -> list[int]:
    return [builder.writer.tensor((len(row),), type="INT32", data=row) for row in rows]


def draw_slice(builder: Builder, source: Known) -> Known | None:
    if not 0 < len(source.shape) <= 5:
        return None
    begins = [int(builder.rng.integers(size)) for size in source.shape]
    sizes = [int(builder.rng.integers(1, size - begin + 1)) for size, begin in zip(source.shape, begins, strict=True)]
    output = builder.tensor(sizes, source.scale, source.zero_point)
    builder.writer.operation("SLICE", [source.index, *_operands(builder, begins, sizes)], [output.index])
    return output


def draw_strided_slice(builder: Builder, source: Known) -> Known | None:
    if not 0 < len(source.shape) <= 4:
        return None
    rng, rank = builder.rng, len(source.shape)
    begins = [int(rng.integers(-size, size)) for size in source.shape]
    ends = [int(rng.integers(-size - 2, size + 3)) for size in source.shape]
    strides = [int(rng.choice([-2, -1, 1, 1, 2])) for _ in source.shape]
    begin_mask, end_mask = (int(rng.integers(2**rank)) for _ in range(2))
    shape = [
        np.arange(size)[None if begin_mask >> axis & 1 else begin : None if end_mask >> axis & 1 else end : stride].size
        for axis, (size, begin, end, stride) in enumerate(zip(source.shape, begins, ends, strides, strict=True))
    ]
    if 0 in shape:
        return None
    output = builder.tensor(shape, source.scale, source.zero_point)
    builder.writer.operation("STRIDED_SLICE", [source.index, *_operands(builder, begins, ends, strides)],
                             [output.index], beginMask=begin_mask, endMask=end_mask)  # fmt: skip
    return output


draws = {"slice": draw_slice, "strided_slice": draw_strided_slice}
