"""A short run of tests/fuzz_shapes.py; `make fuzz` runs 10,000 files."""

from __future__ import annotations

from pathlib import Path

from tinyml_pipeline.compiler.operators import supported_operators

from tests.fuzz_shapes import drawers, run_range


def test_files_that_contradict_themselves(tmp_path: Path) -> None:
    outcome = run_range(seed=3, start=0, stop=100, folder=tmp_path)
    assert outcome.differences == []
    assert sum(outcome.counts.values()) == 100
    assert outcome.counts["accepted, TFLM runs it"] > 25
    assert outcome.counts["refused by the compiler"] > 10


def test_a_float_transpose_whose_output_has_another_shape_is_not_moved(tmp_path: Path) -> None:
    """TFLM reads beyond its tensor: QUANTIZE after it has the shape that the TRANSPOSE should have had."""
    assert run_range(seed=77, start=72, stop=73, folder=tmp_path).counts == {"refused by the compiler, TFLM runs it": 1}


def test_every_operator_is_drawn() -> None:
    assert {name.lower() for name in supported_operators()} <= set(drawers())
