"""SOFTMAX: the table of exponentials, the division, rows and refusals."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.networks import edge_vectors
from tests.ops.check import EVERY_VALUE, assert_exact, assert_refused, unary

OUTPUT = {"output_scale": 1 / 256, "output_zero_point": -128}
EXACT = {
    "two_values_every_difference": ((1, 2), 0.1, 1.0),
    "ten_classes": ((1, 10), 0.1, 1.0),
    "one_value": ((1, 1), 0.1, 1.0),
    "rows": ((3, 7), 0.05, 1.0),
    "many_values": ((1, 511), 0.02, 1.0),
    "beta_3": ((1, 5), 0.03, 3.0),
    "coarse_only_the_highest_counts": ((1, 4), 40.0, 1.0),
    "fine_all_alike": ((1, 33), 1e-4, 1.0),
}


@pytest.mark.parametrize("name", EXACT)
def test_softmax(name: str, tmp_path: Path) -> None:
    shape, scale, beta = EXACT[name]
    vectors = edge_vectors(np.random.default_rng(0), shape, 300)
    if shape == (1, 2):
        vectors = np.stack([EVERY_VALUE, np.full(256, 127, np.int8)], axis=1).reshape(256, 1, 2)
    assert_exact(unary("SOFTMAX", scale=scale, shape=shape, beta=beta, **OUTPUT), [vectors], tmp_path)


REFUSED = {
    "output_scale": (
        unary("SOFTMAX", beta=1.0, output_scale=0.1, output_zero_point=-128),
        "softmax (op 0): an output of scale 0.1 and zero point -128 is unsupported; supported: scale 1/256 and zero"
        " point -128.",
    ),
    "beta_0": (
        unary("SOFTMAX", beta=0.0, **OUTPUT),
        "softmax (op 0): beta 0 with an input scale of 0.1 is unsupported; supported: products above 2^-26.",
    ),
    "row_too_long": (
        unary("SOFTMAX", beta=1.0, shape=(1, 512), **OUTPUT),
        "softmax (op 0): a row of 512 values is unsupported; supported: rows of up to 511.",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    assert_refused(*REFUSED[name])
