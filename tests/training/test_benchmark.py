"""The benchmark of training, on something short."""

from __future__ import annotations

from dataclasses import replace

from tinyml_pipeline.models import linear
from tinyml_pipeline.training.benchmark import compare


def test_benchmark_finds_the_same_numbers() -> None:
    result = compare("short", replace(linear.SPEC, epochs=3))
    assert (result.name, result.updates, result.identical) == ("short", 3, True)
    assert result.ratio == result.fit_seconds / result.loop_seconds
