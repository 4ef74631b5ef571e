"""What neurons can do for the adder, and what only data can."""

from __future__ import annotations

import pytest
from tinyml_pipeline.show.lessons import units


def test_units_names_a_tenth_that_no_error_reaches() -> None:
    """In the picture the largest is near 0.23, which 'at most 0.2' would deny."""
    largest = max(units.errors(neurons, diagonal=False)[1] for neurons in units.FROM_FIVE)
    assert 0.2 < largest < 0.3
    assert "the error on any pair stays below 0.3 from five neurons on" in units.run().sentences[2]


def test_units_data_on_the_diagonal_is_not_healed_by_neurons() -> None:
    for neurons in (5, 20, 50, 100):
        own, anywhere, _ = units.errors(neurons, diagonal=True)
        assert own < 1
        assert anywhere > 2
    for neurons in (5, 10, 20, 50, 100):
        _, anywhere, answer = units.errors(neurons, diagonal=False)
        assert anywhere < 0.5
        assert answer == pytest.approx(12, abs=0.5)
