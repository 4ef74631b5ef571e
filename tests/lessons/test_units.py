"""What neurons can do for the adder, and what only data can."""

from __future__ import annotations

import pytest

from pipeline.lessons import units


def test_units_data_on_the_diagonal_is_not_healed_by_neurons() -> None:
    for neurons in (5, 20, 50, 100):
        own, anywhere, _ = units.errors(neurons, diagonal=True)
        assert own < 1
        assert anywhere > 2
    for neurons in (5, 10, 20, 50, 100):
        _, anywhere, answer = units.errors(neurons, diagonal=False)
        assert anywhere < 0.5
        assert answer == pytest.approx(12, abs=0.5)
