"""PRELU: slopes per channel, per place and shared, constant and computed, and refusals."""

from __future__ import annotations

import numpy as np

from tests.networks import Builder, Known
from tests.ops.check import EVERY_VALUE, Build, T, exact, one, refused

RNG = np.random.default_rng(0)


def prelu(
    shape: tuple[int, ...],
    slopes: tuple[int, ...],
    *,
    given: tuple[float, int] = (0.1, 3),
    own: tuple[float, int] = (0.01, -5),
    wanted: tuple[float, int] = (0.08, -60),
    constant: bool = True,
) -> Build:
    data = RNG.integers(-128, 128, slopes).astype(np.int8) if constant else None
    output = np.broadcast_shapes(shape, slopes)
    return one("PRELU", [T(shape, *given), T(slopes, *own, data=data)], [T(output, *wanted)])


CASES = {
    "channels": prelu((1, 3, 2, 5), (1, 1, 5)),
    "every_place": prelu((1, 3, 2, 5), (3, 2, 5)),
    "rows": prelu((1, 3, 2, 5), (3, 1, 1)),
    "one_slope": prelu((1, 7), (1,)),
    "computed_slopes": prelu((1, 3, 5), (1, 1, 5), constant=False),
    "stretched_input": prelu((1, 1, 5), (1, 3, 5)),
    "every_value": prelu((256,), (1,)),
    "zero_points_at_the_ends": prelu((256,), (1,), given=(0.1, -128), own=(0.01, 127), wanted=(0.1, 127)),
    "left_shift": prelu((256,), (1,), given=(8.0, 100), own=(1.0, 0), wanted=(0.01, 0)),
    "coarse_output": prelu((256,), (1,), given=(1e-4, 100), own=(1e-4, 0), wanted=(1.0, 0)),
}
test_exact = exact(CASES, {name: [EVERY_VALUE[None]] for name, build in CASES.items() if name in (
    "every_value", "zero_points_at_the_ends", "left_shift", "coarse_output")})  # fmt: skip

NO = " is unsupported; supported: "
REFUSED = {
    "shapes": (
        one("PRELU", [T((1, 4), 0.1), T((3,), 0.1, data=[1, 2, 3])], [T((1, 4), 0.1)]),
        f"prelu (op 0): broadcasting [1, 4] with [3]{NO}sizes that are equal or 1.",
    ),
    "slopes_type": (
        one("PRELU", [T((1, 4), 0.1), T((4,), 0.1, type="INT32", data=[1, 2, 3, 4])], [T((1, 4), 0.1)]),
        f"prelu (op 0): an input of type INT32{NO}INT8.",
    ),
    "ratio": (
        prelu((1, 4), (4,), own=(1e6, 0), wanted=(1e-6, 0)),
        f"prelu (op 0): a ratio of scales of 1e+11{NO}ratios below 2^30.",
    ),
}
test_refused = refused(REFUSED)


def draw(builder: Builder, source: Known) -> Known:
    shape = source.shape[-1:] if builder.rng.random() < 0.7 else ()
    slopes = builder.writer.tensor(
        shape, builder.scale(0.01), builder.zero_point(), data=builder.rng.integers(-128, 128, shape).astype(np.int8)
    )
    output = builder.tensor(source.shape, builder.scale(source.scale), builder.zero_point())
    builder.writer.operation("PRELU", [source.index, slopes], [output.index])
    return output
