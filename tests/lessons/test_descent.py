"""The first step on paper, and what each rate does."""

from __future__ import annotations

import numpy as np
import pytest
from tinyml_pipeline.models.catalog import load_spec
from tinyml_pipeline.show.lessons import descent


def test_descent_takes_the_rate_times_the_slope_off() -> None:
    # Errors at weight 0, bias 0 are 3, 1, -1, -3, -5, -7: mean of 2ex = -106/6, mean of 2e = -4.
    np.testing.assert_allclose(descent.slopes(0, 0), [-106 / 6, -4], rtol=1e-12)
    np.testing.assert_allclose(descent.sgd(0.1)[1], [10.6 / 6, 0.4], rtol=1e-12)
    assert float(descent.loss(0.0, 0.0)) == pytest.approx(94 / 6)


def test_descent_too_small_creeps_right_arrives_too_large_overshoots() -> None:
    small, right, large = (descent.loss(*descent.sgd(rate).T) for rate in (0.005, 0.1, 0.182))
    assert (np.diff(small) < 0).all()
    assert small[-1] > 0.5
    assert right[-1] < 1e-4
    assert (np.diff(large) > 0).all()
    assert (np.diff(np.sign(descent.sgd(0.182)[:, 0] - 2)) != 0).all()  # each step lands on the other side
    assert descent.adam(0.3)[1] == pytest.approx(
        [0.3, 0.3], rel=1e-5
    )  # Adam's first step is its rate, whatever the slope
    assert descent.largest_rate() == pytest.approx(0.177, abs=0.0005)


def test_descent_uses_the_data_of_linear() -> None:
    data = load_spec("linear").load_data()
    np.testing.assert_array_equal(data.inputs[:, 0], descent.X)
    np.testing.assert_array_equal(data.targets[:, 0], descent.Y)
