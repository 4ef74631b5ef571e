"""RESIZE_NEAREST_NEIGHBOR and RESIZE_BILINEAR: both options, odd ratios, up and down."""

from __future__ import annotations

from collections.abc import Sequence

from tests.networks import Builder, Known
from tests.ops.check import Build, T, exact, one, refused

NEAREST, BILINEAR = "RESIZE_NEAREST_NEIGHBOR", "RESIZE_BILINEAR"


def resize(name: str, shape: Sequence[int], size: Sequence[int], *, type: str = "INT8", zero_point: int = 3,
           wanted: Sequence[int] | None = None, **options: object) -> Build:  # fmt: skip
    made = tuple(wanted or (shape[0], *size, shape[3]))
    inputs = [T(tuple(shape), 0.1, zero_point, type), T((2,), type="INT32", data=size)]
    return one(name, inputs, [T(made, 0.1, zero_point, type)], **options)


SIZES = {
    "double": ((1, 3, 4, 2), (6, 8)),
    "odd": ((2, 3, 5, 3), (7, 4)),
    "smaller": ((1, 9, 7, 1), (4, 3)),
    "from_one_pixel": ((1, 1, 1, 3), (3, 4)),
    "to_one_pixel": ((1, 4, 5, 2), (1, 1)),
    "much_larger": ((1, 2, 3, 1), (37, 41)),
    "same": ((1, 3, 4, 2), (3, 4)),
}
OPTIONS = {
    "plain": {},
    "align_corners": {"alignCorners": True},
    "half_pixel_centers": {"halfPixelCenters": True},
}
CASES = {
    f"{name[7:].lower()}_{size}_{option}": resize(name, *SIZES[size], zero_point=-128, **OPTIONS[option])
    for name in (NEAREST, BILINEAR)
    for size in SIZES
    for option in OPTIONS
} | {
    "nearest_both_options": resize(NEAREST, (1, 3, 5, 2), (5, 9), alignCorners=True, halfPixelCenters=True),
    "nearest_int16": resize(NEAREST, (1, 3, 2, 2), (4, 5), type="INT16", zero_point=0),
}
REFUSED = {
    "three_dimensions": (
        one(NEAREST, [T((2, 3, 4), 0.1), T((2,), type="INT32", data=[4, 6])], [T((2, 4, 6), 0.1)]),
        "resize_nearest_neighbor (op 0): an input of 3 dimensions is unsupported; supported: 4.",
    ),
    "output": (
        resize(BILINEAR, (1, 2, 3, 1), (4, 6), wanted=(1, 4, 5, 1)),
        "resize_bilinear (op 0): an output of shape [1, 4, 5, 1] is unsupported; supported: [1, 4, 6, 1].",
    ),
    "both_options": (
        resize(BILINEAR, (1, 2, 3, 1), (4, 6), alignCorners=True, halfPixelCenters=True),
        "resize_bilinear (op 0): align_corners with half_pixel_centers is unsupported; supported: one of them.",
    ),
    "int16": (
        resize(BILINEAR, (1, 2, 3, 1), (4, 6), type="INT16"),
        "resize_bilinear (op 0): an input of type INT16 is unsupported; supported: INT8.",
    ),
    "computed_size": (
        one(BILINEAR, [T((1, 2, 3, 4), 0.1), T((2,), type="INT32")], [T((1, 4, 6, 4), 0.1)]),
        "resize_bilinear (op 0): size that the model computes is unsupported; supported: constant size.",
    ),
    "tflm_reads_outside": (
        resize(BILINEAR, (1, 1, 1, 1), (1, 680)),
        "resize_bilinear (op 0): resizing 1 to 680 is unsupported; supported: sizes for which TFLM stays inside of its"
        " input.",
    ),
}
test_exact = exact(CASES)
test_refused = refused(REFUSED)


def _draw(builder: Builder, source: Known, name: str) -> Known | None:
    if len(source.shape) != 4 or source.size > 200:
        return None
    rng = builder.rng
    size = [int(rng.integers(1, 8)) for _ in range(2)]
    output = builder.tensor((source.shape[0], *size, source.shape[3]), source.scale, source.zero_point)
    given = builder.writer.tensor((2,), type="INT32", data=size)
    options = [{}, {"alignCorners": True}, {"halfPixelCenters": True}][int(rng.integers(3))]
    builder.writer.operation(name, [source.index, given], [output.index], **options)
    return output


draws = {
    "resize_nearest_neighbor": lambda builder, source: _draw(builder, source, NEAREST),
    "resize_bilinear": lambda builder, source: _draw(builder, source, BILINEAR),
}
