"""LOG_SOFTMAX: exponentials, the logarithm, rows and refusals."""

from __future__ import annotations

import numpy as np

from tests.networks import Builder, Known
from tests.ops.check import EVERY_VALUE, Build, T, exact, one, refused


def log_softmax(shape: tuple[int, ...], scale: float = 0.1, wanted: tuple[float, int] = (1 / 16, 127)) -> Build:
    return one("LOG_SOFTMAX", [T(shape, scale)], [T(shape, *wanted)])


CASES = {
    "pairs": log_softmax((1, 2)),
    "pairs_fine": log_softmax((1, 2), 0.001),
    "pairs_coarse": log_softmax((1, 2), 1.7),
    "ten_classes": log_softmax((1, 10)),
    "one_value": log_softmax((1, 1)),
    "rows": log_softmax((3, 7), 0.05),
    "four_dimensions": log_softmax((1, 2, 3, 5), 0.2),
    "one_dimension": log_softmax((9,), 0.03),
    "many_values": log_softmax((1, 600), 0.02),
    "most_values_all_alike": log_softmax((1, 4095), 1e-6),
    "coarse_only_the_highest_counts": log_softmax((1, 4), 40.0),
    "far_too_coarse": log_softmax((1, 4), 1e6),
    "fine_all_alike": log_softmax((1, 33), 1e-7),
}
_PAIRS = np.stack([EVERY_VALUE, np.full(256, 127, np.int8)], axis=1).reshape(256, 1, 2)
test_exact = exact(CASES, {name: [_PAIRS] for name in CASES if name.startswith("pairs")})

NO = " is unsupported; supported: "
REFUSED = {
    "output_scale": (
        log_softmax((1, 4), wanted=(0.1, 127)),
        f"log_softmax (op 0): an output of scale 0.1 and zero point 127{NO}scale 1/16 and zero point 127.",
    ),
    "row_too_long": (log_softmax((1, 4096)), f"log_softmax (op 0): a row of 4096 values{NO}rows of up to 4095."),
    "input_scale": (log_softmax((1, 4), 1e-9), f"log_softmax (op 0): an input scale of 1e-09{NO}more than 2^-26."),
    "shape": (
        one("LOG_SOFTMAX", [T((1, 4), 0.1)], [T((4, 1), 1 / 16, 127)]),
        f"log_softmax (op 0): an output of shape [4, 1]{NO}[1, 4].",
    ),
}
test_refused = refused(REFUSED)


def draw(builder: Builder, source: Known) -> Known:
    return builder.unary("LOG_SOFTMAX", source, 1 / 16, 127)
