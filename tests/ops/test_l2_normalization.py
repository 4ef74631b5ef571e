"""L2_NORMALIZATION: the inverse square root in fixed point, rows, zero points and refusals."""

from __future__ import annotations

import numpy as np

from tests.networks import Builder, Known
from tests.ops.check import EVERY_VALUE, Build, T, exact, one, refused


def normalized(
    shape: tuple[int, ...],
    zero_point: int = 0,
    *,
    output_shape: tuple[int, ...] | None = None,
    wanted: tuple[float, int] = (1 / 128, 0),
    activation: str = "NONE",
) -> Build:
    return one("L2_NORMALIZATION", [T(shape, 0.1, zero_point)], [T(output_shape or shape, *wanted)], version=2,
               activation=activation)  # fmt: skip


CASES = {
    "pairs": normalized((1, 2)),
    "pairs_low_zero_point": normalized((1, 2), -128),
    "pairs_high_zero_point": normalized((1, 2), 127),
    "one_value": normalized((1, 1)),
    "rows": normalized((5, 7), 3),
    "image": normalized((1, 2, 3, 5), -7),
    "one_dimension": normalized((9,)),
    "long_rows": normalized((2, 1000), -128),
    "another_output_scale_is_ignored_as_in_tflm": normalized((3, 4), wanted=(0.05, 9)),
}
_LINE = np.stack([EVERY_VALUE, np.resize([0, 1, -1, 5, -128, 127], 256).astype(np.int8)], axis=1).reshape(256, 1, 2)
test_exact = exact(CASES, {name: [_LINE] for name in CASES if name.startswith("pairs")})

NO = " is unsupported; supported: "
REFUSED = {
    "relu": (normalized((1, 4), activation="RELU"), f"l2_normalization (op 0): fused activation RELU{NO}NONE."),
    "shape": (
        normalized((1, 4), output_shape=(4, 1)),
        f"l2_normalization (op 0): an output of shape [4, 1]{NO}[1, 4].",
    ),
    "dimensions": (
        normalized((1, 1, 1, 1, 4)),
        f"l2_normalization (op 0): an input of shape [1, 1, 1, 1, 4]{NO}1 to 4 dimensions.",
    ),
    "sum": (
        normalized((1, 40000), -128),
        f"l2_normalization (op 0): rows of 40000 values{NO}sums of squares within 32 bits.",
    ),
}
test_refused = refused(REFUSED)


def draw(builder: Builder, source: Known) -> Known | None:
    return builder.unary("L2_NORMALIZATION", source, 1 / 128, 0) if 1 <= len(source.shape) <= 4 else None
