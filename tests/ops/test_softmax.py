"""SOFTMAX: the table of exponentials, the division, rows and refusals."""

from __future__ import annotations

import numpy as np

from tests.networks import Builder, Known
from tests.ops.check import EVERY_VALUE, Build, T, exact, one, refused


def softmax(
    shape: tuple[int, ...], scale: float = 0.1, beta: float = 1.0, wanted: tuple[float, int] = (1 / 256, -128)
) -> Build:
    return one("SOFTMAX", [T(shape, scale)], [T(shape, *wanted)], beta=beta)


CASES = {
    "two_values_every_difference": softmax((1, 2)),
    "ten_classes": softmax((1, 10)),
    "one_value": softmax((1, 1)),
    "rows": softmax((3, 7), 0.05),
    "many_values": softmax((1, 511), 0.02),
    "beta_3": softmax((1, 5), 0.03, 3.0),
    "coarse_only_the_highest_counts": softmax((1, 4), 40.0),
    "fine_all_alike": softmax((1, 33), 1e-4),
}
INPUTS = {
    "two_values_every_difference": [np.stack([EVERY_VALUE, np.full(256, 127, np.int8)], axis=1).reshape(256, 1, 2)]
}
test_exact = exact(CASES, INPUTS)

REFUSED = {
    "other_rank": (
        one("SOFTMAX", [T((1, 4), 0.1)], [T((1, 1, 4), 1 / 256, -128)], beta=1.0),
        "softmax (op 0): an output of shape [1, 1, 4] is unsupported; supported: [1, 4].",
    ),
    "output_scale": (
        softmax((1, 4), wanted=(0.1, -128)),
        "softmax (op 0): an output of scale 0.1 and zero point -128 is unsupported; supported: scale 1/256 and zero"
        " point -128.",
    ),
    "beta_0": (
        softmax((1, 4), beta=0.0),
        "softmax (op 0): beta 0 with an input scale of 0.1 is unsupported; supported: products above 2^-26.",
    ),
    "row_too_long": (
        softmax((1, 512)),
        "softmax (op 0): a row of 512 values is unsupported; supported: rows of up to 511.",
    ),
}
test_refused = refused(REFUSED)


def draw(builder: Builder, source: Known) -> Known:
    return builder.softmax(source)
