"""A smaller gap."""

from __future__ import annotations

from tinyml_pipeline.show.lessons import dropout


def test_dropout_halves_the_gap() -> None:
    gaps = [float(row[-1]) for row in dropout.run().rows]
    assert gaps[1] < 0.6 * gaps[0]
