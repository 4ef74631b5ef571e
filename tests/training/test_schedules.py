"""The schedules against their formulas, and in the fast loop against Model.fit."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from tinyml_pipeline.models import adder, linear
from tinyml_pipeline.training.benchmark import compare
from tinyml_pipeline.training.overrides import SCHEDULES, Overrides, override
from tinyml_pipeline.training.schedules import learning_rates

from tests.training.specs import SHORT

PEAK, UPDATES = 0.2, 500


def one_cycle(update: int) -> float:
    warm = 0.3 * UPDATES
    if update < warm:
        return PEAK / 10 + (PEAK - PEAK / 10) * update / warm
    done = (update - warm) / (UPDATES - warm)
    return PEAK * (1e-3 + (1 - 1e-3) * (1 + math.cos(math.pi * done)) / 2)


FORMULAS = {
    "constant": lambda update: PEAK,
    "exponential": lambda update: PEAK * 0.1 ** (2 * update / UPDATES),
    "power": lambda update: PEAK / (1 + 10 * update / UPDATES),
    "1cycle": one_cycle,
}


def test_every_schedule_has_its_formula() -> None:
    assert set(FORMULAS) == set(SCHEDULES)


@pytest.mark.parametrize("name", FORMULAS)
def test_the_rate_of_every_update_is_the_formula(name: str) -> None:
    changed = override(linear.SPEC, Overrides(schedule=name, learning_rate=PEAK))  # 500 epochs of one update
    updates, rates = learning_rates(changed)
    np.testing.assert_array_equal(updates, np.arange(UPDATES))
    np.testing.assert_allclose(
        rates, [FORMULAS[name](int(update)) for update in updates], rtol=1e-5, atol=1e-7
    )  # float32


def test_one_cycle_warms_up_to_its_peak_and_falls_to_a_thousandth() -> None:
    updates, rates = learning_rates(override(linear.SPEC, Overrides(schedule="1cycle", learning_rate=PEAK)))
    assert rates[0] == pytest.approx(PEAK / 10)
    assert updates[rates.argmax()] == 150
    assert rates.max() == pytest.approx(PEAK)
    assert rates[-1] == pytest.approx(PEAK / 1000, rel=0.03)


def test_without_a_rate_the_peak_is_the_rate_of_the_spec() -> None:
    assert learning_rates(override(adder.SPEC, Overrides(schedule="power")))[1][0] == pytest.approx(0.003)
    assert learning_rates(override(linear.SPEC, Overrides(schedule="exponential")))[1][0] == pytest.approx(0.01)


def test_many_updates_are_drawn_by_some() -> None:
    updates, rates = learning_rates(adder.SPEC)
    assert len(updates) == len(rates) == 1000
    assert (updates[0], updates[-1]) == (0, 29999)


@pytest.mark.parametrize("name", FORMULAS)
def test_the_fast_loop_trains_with_it_as_fit_does(name: str) -> None:
    assert compare(name, override(replace(SHORT, epochs=3), Overrides(schedule=name))).identical
