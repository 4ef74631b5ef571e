"""SPACE_TO_BATCH_ND, BATCH_TO_SPACE_ND, DEPTH_TO_SPACE and SPACE_TO_DEPTH."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tests.networks import Builder, Known
from tests.ops.check import Build, T, exact, one, refused


def blocks(name: str, shape: Sequence[int], block: Sequence[int], edges: Sequence[int], wanted: Sequence[int], *,
           zero_point: int = 0) -> Build:  # fmt: skip
    operands = [T((len(block),), type="INT32", data=block), T((len(block), 2), type="INT32", data=edges)]
    return one(name, [T(tuple(shape), 0.1, zero_point), *operands], [T(tuple(wanted), 0.1, zero_point)])


def to_batch(shape: Sequence[int], block: Sequence[int], edges: Sequence[int], wanted: Sequence[int],
             zero_point: int = 0) -> Build:  # fmt: skip
    return blocks("SPACE_TO_BATCH_ND", shape, block, edges, wanted, zero_point=zero_point)


def to_space(shape: Sequence[int], block: Sequence[int], edges: Sequence[int], wanted: Sequence[int],
             zero_point: int = 5) -> Build:  # fmt: skip
    return blocks("BATCH_TO_SPACE_ND", shape, block, edges, wanted, zero_point=zero_point)


def depth(name: str, shape: Sequence[int], size: int, wanted: Sequence[int], *, type: str = "INT8") -> Build:
    return one(name, [T(tuple(shape), 0.1, 3, type)], [T(tuple(wanted), 0.1, 3, type)], blockSize=size)


CASES = {
    "to_batch": to_batch((1, 4, 6, 2), (2, 3), (0, 0, 0, 0), (6, 2, 2, 2), 3),
    "to_batch_without_width": to_batch((2, 6, 3), (3,), (0, 0), (6, 2, 3), -128),
    "to_batch_of_two": to_batch((2, 4, 4, 1), (2, 2), (0, 0, 0, 0), (8, 2, 2, 1)),
    "to_space": to_space((6, 2, 2, 2), (2, 3), (0, 0, 0, 0), (1, 4, 6, 2)),
    "to_space_cropped": to_space((8, 2, 3, 3), (2, 2), (1, 0, 1, 2), (2, 3, 3, 3)),
    "to_space_cropped_by_blocks": to_space((4, 4, 2, 2), (2, 2), (4, 2, 2, 0), (1, 2, 2, 2)),
    "to_space_without_width": to_space((4, 2, 2), (4,), (3, 1), (1, 4, 2)),
    "depth_to_space": depth("DEPTH_TO_SPACE", (1, 2, 3, 8), 2, (1, 4, 6, 2)),
    "depth_to_space_3": depth("DEPTH_TO_SPACE", (2, 1, 2, 9), 3, (2, 3, 6, 1)),
    "depth_to_space_1": depth("DEPTH_TO_SPACE", (1, 2, 3, 2), 1, (1, 2, 3, 2)),
    "space_to_depth": depth("SPACE_TO_DEPTH", (1, 4, 6, 2), 2, (1, 2, 3, 8)),
    "space_to_depth_3": depth("SPACE_TO_DEPTH", (2, 3, 6, 1), 3, (2, 1, 2, 9)),
}
REFUSED = {
    "padding": (
        to_batch((1, 3, 4, 1), (2, 2), (1, 0, 0, 0), (4, 2, 2, 1)),
        "space_to_batch_nd (op 0): padding, for which TFLM sets no value, is unsupported; supported: none.",
    ),
    "no_whole_blocks": (
        to_batch((1, 3, 4, 1), (2, 2), (0, 0, 0, 0), (4, 2, 2, 1)),
        "space_to_batch_nd (op 0): 3 x 4 in blocks of 2 x 2 is unsupported; supported: whole blocks.",
    ),
    "block_0": (
        to_space((4, 2, 2, 1), (0, 2), (0, 0, 0, 0), (2, 2, 4, 1)),
        "batch_to_space_nd (op 0): a block shape of [0, 2] is unsupported; supported: sizes above 0.",
    ),
    "batches": (
        to_space((3, 2, 2, 1), (2, 2), (0, 0, 0, 0), (1, 4, 4, 1)),
        "batch_to_space_nd (op 0): 3 batches in blocks of [2, 2] is unsupported; supported: whole blocks.",
    ),
    "crop": (
        to_space((4, 2, 2, 1), (2, 2), (0, 0, 0, 1), (1, 4, 4, 1)),
        "batch_to_space_nd (op 0): an output of shape [1, 4, 4, 1] is unsupported; supported: [1, 4, 3, 1].",
    ),
    "five_dimensions": (
        to_space((4, 2, 2, 1, 1), (2, 2), (0, 0, 0, 0), (1, 4, 4, 1, 1)),
        "batch_to_space_nd (op 0): an input of 5 dimensions is unsupported; supported: 3 to 4.",
    ),
    "depth_channels": (
        depth("DEPTH_TO_SPACE", (1, 2, 3, 6), 2, (1, 4, 6, 1)),
        "depth_to_space (op 0): block size 2 with 6 channels is unsupported; supported: a square that divides the"
        " channels.",
    ),
    "depth_sizes": (
        depth("SPACE_TO_DEPTH", (1, 3, 4, 2), 2, (1, 1, 2, 8)),
        "space_to_depth (op 0): block size 2 on 3 x 4 is unsupported; supported: a size that divides height and width.",
    ),
    "depth_int16": (
        depth("SPACE_TO_DEPTH", (1, 2, 4, 2), 2, (1, 1, 2, 8), type="INT16"),
        "space_to_depth (op 0): an input of type INT16 is unsupported; supported: INT8 or FLOAT32.",
    ),
}
test_exact = exact(CASES)
test_refused = refused(REFUSED)


def draw_to_batch(builder: Builder, source: Known) -> Known | None:
    if len(source.shape) not in (3, 4) or source.size > 200:
        return None
    rng, space = builder.rng, source.shape[1:-1]
    block = [int(rng.choice([part for part in (1, 2, 3) if size % part == 0])) for size in space]
    made = [size // part for size, part in zip(space, block, strict=True)]
    count = block[0] * block[1] if len(block) == 2 else block[0]
    output = builder.tensor((source.shape[0] * count, *made, source.shape[-1]), source.scale, source.zero_point)
    edges = np.zeros((len(block), 2))
    operands = [builder.writer.tensor((len(block),), type="INT32", data=block),
                builder.writer.tensor((len(block), 2), type="INT32", data=edges)]  # fmt: skip
    builder.writer.operation("SPACE_TO_BATCH_ND", [source.index, *operands], [output.index])
    return output


def draw_to_space(builder: Builder, source: Known) -> Known | None:
    if len(source.shape) not in (3, 4):
        return None
    rng, batches = builder.rng, source.shape[0]
    divisors = [size for size in range(1, batches + 1) if batches % size == 0]
    block = [int(rng.choice(divisors))] + ([1] if len(source.shape) == 4 else [])
    if len(block) == 2 and rng.random() < 0.5:
        block.reverse()
    wide = [size * one_block for size, one_block in zip(source.shape[1:-1], block, strict=True)]
    crops = [(int(rng.integers(2)), 0) if size > 1 else (0, 0) for size in wide]
    made = [size - sum(crop) for size, crop in zip(wide, crops, strict=True)]
    shape = (batches // max(block), *made, source.shape[-1])
    output = builder.tensor(shape, source.scale, source.zero_point)
    operands = [builder.writer.tensor((len(block),), type="INT32", data=block),
                builder.writer.tensor((len(block), 2), type="INT32", data=crops)]  # fmt: skip
    builder.writer.operation("BATCH_TO_SPACE_ND", [source.index, *operands], [output.index])
    return output


def _draw_depth(builder: Builder, source: Known, name: str) -> Known | None:
    if len(source.shape) != 4:
        return None
    batch, height, width, channels = source.shape
    to_space = name == "DEPTH_TO_SPACE"
    sizes = [size for size in (1, 2, 3)
             if (channels % size**2 == 0 if to_space else height % size == width % size == 0)]  # fmt: skip
    size = int(builder.rng.choice(sizes))
    shape = (batch, height * size, width * size, channels // size**2)
    if not to_space:
        shape = (batch, height // size, width // size, channels * size**2)
    output = builder.tensor(shape, source.scale, source.zero_point)
    builder.writer.operation(name, [source.index], [output.index], blockSize=size)
    return output


draws = {
    "space_to_batch_nd": draw_to_batch,
    "batch_to_space_nd": draw_to_space,
    "depth_to_space": lambda builder, source: _draw_depth(builder, source, "DEPTH_TO_SPACE"),
    "space_to_depth": lambda builder, source: _draw_depth(builder, source, "SPACE_TO_DEPTH"),
}
