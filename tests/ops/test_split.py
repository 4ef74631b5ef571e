"""SPLIT, SPLIT_V, PACK and UNPACK: several outputs, some of which nothing reads; joins along a new axis."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tests.networks import Builder, Known, edge_vectors
from tests.ops.check import Build, T, assert_exact, exact, one, refused
from tests.tflite_writer import Writer


def split(shape: Sequence[int], count: int, axis: int, *, type: str = "INT8", num: int | None = None) -> Build:
    part = list(shape)
    part[axis] //= count
    outputs = [T(tuple(part), 0.1, 3, type)] * count
    inputs = [T((), type="INT32", data=axis), T(tuple(shape), 0.1, 3, type)]
    return one("SPLIT", inputs, outputs, numSplits=count if num is None else num)


def split_v(shape: Sequence[int], sizes: Sequence[int], axis: int, *, type: str = "INT8") -> Build:
    parts = [[*shape[: axis % len(shape)], size, *shape[axis % len(shape) + 1 :]] for size in sizes]
    inputs = [
        T(tuple(shape), 0.1, 3, type),
        T((len(sizes),), type="INT32", data=sizes),
        T((1,), type="INT32", data=axis),
    ]
    return one("SPLIT_V", inputs, [T(tuple(part), 0.1, 3, type) for part in parts], numSplits=len(sizes))


def pack(shape: Sequence[int], count: int, axis: int, *, type: str = "INT8", num: int | None = None) -> Build:
    place = axis % (len(shape) + 1)
    output = T((*shape[:place], count, *shape[place:]), 0.1, 3, type)
    return one("PACK", [T(tuple(shape), 0.1, 3, type)] * count, [output], axis=axis,
               valuesCount=count if num is None else num)  # fmt: skip


def unpack(shape: Sequence[int], axis: int, *, type: str = "INT8", num: int | None = None) -> Build:
    place = axis % len(shape)
    output = T((*shape[:place], *shape[place + 1 :]), 0.1, 3, type)
    return one("UNPACK", [T(tuple(shape), 0.1, 3, type)], [output] * shape[axis], axis=axis,
               num=shape[axis] if num is None else num)  # fmt: skip


CASES = {
    "split_last": split((2, 3, 6), 3, 2),
    "split_first": split((4, 3), 2, 0),
    "split_negative": split((2, 4, 3), 4, -2),
    "split_into_one": split((2, 3), 1, 1),
    "split_int16": split((2, 4), 2, 1, type="INT16"),
    "split_int32": split((3, 4), 2, -1, type="INT32"),
    "split_v": split_v((2, 7), (1, 4, 2), 1),
    "split_v_negative": split_v((2, 5, 3), (2, 3), -2),
    "split_v_int16": split_v((5, 2), (2, 3), 0, type="INT16"),
    "pack_first": pack((2, 3), 3, 0),
    "pack_last": pack((2, 3), 2, -1),
    "pack_middle": pack((2, 3), 3, 1),
    "pack_one": pack((2, 3), 1, 1),
    "pack_scalars": pack((), 3, 0),
    "pack_int32": pack((2,), 2, 1, type="INT32"),
    "unpack_first": unpack((3, 2), 0),
    "unpack_last": unpack((3, 2, 4), -1),
    "unpack_middle": unpack((3, 2, 4), 1),
    "unpack_to_scalars": unpack((3,), 0),
    "unpack_one": unpack((2, 1, 3), 1),
    "unpack_int16": unpack((2, 3), 1, type="INT16"),
}
REFUSED = {
    "split_unequal": (
        one("SPLIT", [T((), type="INT32", data=1), T((2, 5), 0.1)], [T((2, 2), 0.1)] * 2, numSplits=2),
        "split (op 0): 5 values split in 2 is unsupported; supported: equal parts.",
    ),
    "split_axis": (
        split((2, 4), 2, 1, num=3),
        "split (op 0): num_splits 3 is unsupported; supported: 2, the number of outputs.",
    ),
    "split_computed_axis": (
        one("SPLIT", [T((1,), type="INT32"), T((2, 4), 0.1)], [T((2, 2), 0.1)] * 2, numSplits=2),
        "split (op 0): axis that the model computes is unsupported; supported: constant axis.",
    ),
    "split_v_sum": (
        one(
            "SPLIT_V",
            [T((2, 5), 0.1), T((2,), type="INT32", data=[2, 3]), T((), type="INT32", data=1)],
            [T((2, 2), 0.1), T((2, 2), 0.1)],
            numSplits=2,
        ),
        "split_v (op 0): parts of 2, 2 along axis 1 is unsupported; supported: 5 in all.",
    ),
    "pack_count": (
        pack((2, 3), 2, 0, num=3),
        "pack (op 0): values_count 3 is unsupported; supported: 2, the number of inputs.",
    ),
    "pack_shapes": (
        one("PACK", [T((2, 3), 0.1), T((3, 2), 0.1)], [T((2, 2, 3), 0.1)], valuesCount=2),
        "pack (op 0): [3, 2] next to [2, 3] is unsupported; supported: one shape.",
    ),
    "unpack_count": (
        unpack((2, 3), 1, num=2),
        "unpack (op 0): 3 outputs and num 2 is unsupported; supported: 3, as axis 1 has.",
    ),
    "unpack_axis": (
        one("UNPACK", [T((2, 3), 0.1)], [T((2,), 0.1)] * 3, axis=2, num=3),
        "unpack (op 0): axis 2 of 2 is unsupported; supported: an axis of the input.",
    ),
}
test_exact = exact(CASES)
test_refused = refused(REFUSED)


def test_outputs_that_nothing_reads_and_one_read_twice(tmp_path: Path) -> None:
    """Of four parts one is unused, one an output of the model and an input of an operator, one read by two."""
    writer = Writer()
    source = writer.tensor((2, 8), 0.1, 3)
    parts = [writer.tensor((2, 2), 0.1, 3) for _ in range(4)]
    writer.operation("SPLIT", [writer.tensor((), type="INT32", data=1), source], parts, numSplits=4)
    joined, negative, packed = (
        writer.tensor((2, 4), 0.1, 3),
        writer.tensor((2, 2), 0.1, 3),
        writer.tensor((2, 2, 2), 0.1, 3),
    )
    writer.operation("CONCATENATION", [parts[2], parts[1]], [joined], axis=1)
    writer.operation("RELU", [parts[2]], [negative])
    writer.operation("PACK", [negative, negative], [packed], valuesCount=2)
    tflite = writer.build([source], [parts[1], joined, packed])
    assert_exact(tflite, [edge_vectors(np.random.default_rng(0), (2, 8), 20)], tmp_path)


def _kept(builder: Builder, made: list[Known]) -> Known:
    """One is the layer's output, the others stay for layers to come."""
    builder.known += made[1:]
    return made[0]


def _draw_split(builder: Builder, source: Known, *, by_size: bool) -> Known | None:
    if not source.shape:
        return None
    axis = int(builder.rng.integers(len(source.shape)))
    size = source.shape[axis]
    counts = [count for count in (1, 2, 3, 4) if size % count == 0]
    count = int(builder.rng.choice(counts))
    sizes = [size // count] * count
    if by_size and size > 1:
        first = int(builder.rng.integers(1, size))
        sizes = [first, size - first]
    made = [
        builder.tensor((*source.shape[:axis], part, *source.shape[axis + 1 :]), source.scale, source.zero_point)
        for part in sizes
    ]
    place = builder.writer.tensor((1,), type="INT32", data=[axis - int(builder.rng.integers(2)) * len(source.shape)])
    outputs = [output.index for output in made]
    if by_size:
        parts = builder.writer.tensor((len(sizes),), type="INT32", data=sizes)
        builder.writer.operation("SPLIT_V", [source.index, parts, place], outputs, numSplits=len(sizes))
    else:
        builder.writer.operation("SPLIT", [place, source.index], outputs, numSplits=count)
    return _kept(builder, made)


def draw_pack(builder: Builder, source: Known) -> Known | None:
    if len(source.shape) > 4 or source.size > 200:
        return None
    axis = int(builder.rng.integers(len(source.shape) + 1))
    parts = [known for known in builder.known if known.shape == source.shape][:3] or [source]
    shape = (*source.shape[:axis], len(parts), *source.shape[axis:])
    output = builder.tensor(shape, source.scale, source.zero_point)
    builder.writer.operation("PACK", [part.index for part in parts], [output.index], axis=axis, valuesCount=len(parts))
    return output


def draw_unpack(builder: Builder, source: Known) -> Known | None:
    axes = [axis for axis, size in enumerate(source.shape) if size <= 5]
    if not axes or len(source.shape) < 2:
        return None
    axis = int(builder.rng.choice(axes))
    shape = (*source.shape[:axis], *source.shape[axis + 1 :])
    made = [builder.tensor(shape, source.scale, source.zero_point) for _ in range(source.shape[axis])]
    builder.writer.operation("UNPACK", [source.index], [output.index for output in made],
                             axis=axis - len(source.shape), num=len(made))  # fmt: skip
    return _kept(builder, made)


draws = {
    "split": lambda builder, source: _draw_split(builder, source, by_size=False),
    "split_v": lambda builder, source: _draw_split(builder, source, by_size=True),
    "pack": draw_pack,
    "unpack": draw_unpack,
}
