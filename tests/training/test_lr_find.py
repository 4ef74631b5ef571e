"""The range test finds the rate at which descent turns, and says so where none helps; tests/lessons trains with it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tinyml_pipeline.errors import TrainingError
from tinyml_pipeline.models import linear
from tinyml_pipeline.models.spec import Dataset
from tinyml_pipeline.show.lessons.descent import largest_rate
from tinyml_pipeline.show.report.plots import draw_range_test
from tinyml_pipeline.training.lr_find import find_learning_rate


def test_the_turn_of_linear_is_where_descent_overshoots() -> None:
    """Descent diverges above 2 / the largest eigenvalue of the loss's second derivatives: 0.1769 for these points."""
    test = find_learning_rate(linear.SPEC)
    assert test.turn == pytest.approx(largest_rate(), rel=0.02)
    assert test.found == pytest.approx(test.turn / 10, rel=0.05)
    assert test.rates[0] == 1e-5
    assert test.rates[-1] < 1


def test_it_finds_and_draws_the_same_each_time() -> None:
    first, second = find_learning_rate(linear.SPEC), find_learning_rate(linear.SPEC)
    assert first == second

    def draw(test: Any) -> bytes:
        return draw_range_test("linear", test.rates, test.losses, test.turn, test.found)

    assert draw(first) == draw(second)


def test_a_model_that_cannot_learn_says_so() -> None:
    """Its one weight sees zeros only, and its bias is right from the start."""
    nothing = replace(linear.SPEC, data=lambda rng: Dataset(np.zeros((4, 1)), np.zeros((4, 1))))
    with pytest.raises(TrainingError) as caught:
        find_learning_rate(nothing)
    assert str(caught.value) == ("model 'linear': no rate from 1e-05 to 10 lowers the loss; look at its data and loss.")
