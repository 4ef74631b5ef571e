"""FULLY_CONNECTED with any leading dimensions, and with int4 weights."""

from __future__ import annotations

import numpy as np

from tests.ops.check import Build, T, exact, one, refused


def dense(
    shape: tuple[int, ...],
    weights: tuple[int, int],
    output: tuple[int, ...],
    *,
    keep: bool = False,
    per_channel: bool = False,
    type: str = "INT8",
    bias: bool = True,
) -> Build:
    rng = np.random.default_rng(weights[0] + 10 * weights[1])
    limit = 7 if type == "INT4" else 127
    scales = np.linspace(0.01, 0.03, weights[0]) if per_channel else np.array([0.02])
    inputs: list[T | None] = [
        T(shape, 0.05, -3),
        T(weights, scales.tolist(), type=type, data=rng.integers(-limit, limit + 1, weights)),
    ]
    values = rng.integers(-2000, 2001, weights[0])
    inputs.append(T((weights[0],), (0.05 * scales).tolist(), type="INT32", data=values) if bias else None)
    return one("FULLY_CONNECTED", inputs, [T(output, 0.3, 4)], version=4, keepNumDims=keep)


CASES = {
    "three_dimensions_kept": dense((2, 3, 4), (5, 4), (2, 3, 5), keep=True),
    "four_dimensions_kept": dense((1, 2, 3, 4), (5, 4), (1, 2, 3, 5), keep=True),
    "four_dimensions_kept_per_channel": dense((1, 2, 3, 4), (5, 4), (1, 2, 3, 5), keep=True, per_channel=True),
    "image_to_vector": dense((1, 2, 3, 4), (5, 24), (1, 5)),
    "three_dimensions_to_rows": dense((2, 3, 4), (5, 4), (6, 5)),
    "one_dimension": dense((4,), (5, 4), (5,)),
    "int4": dense((1, 8), (5, 8), (1, 5), type="INT4"),
    "int4_odd_number_of_weights": dense((1, 7), (3, 7), (1, 3), type="INT4", bias=False),
    "int4_rows": dense((2, 3, 4), (5, 4), (2, 3, 5), keep=True, type="INT4"),
}
test_exact = exact(CASES)

REFUSED = {
    "int4_per_channel": (
        dense((1, 8), (5, 8), (1, 5), type="INT4", per_channel=True),
        "fully_connected (op 0): weights of type INT4 with a scale per channel is unsupported; supported: INT4 with one"
        " scale.",
    ),
}
test_refused = refused(REFUSED)
