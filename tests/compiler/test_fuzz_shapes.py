"""A short run of tests/fuzz_shapes.py; `make fuzz` runs 10,000 files."""

from __future__ import annotations

from pathlib import Path

import pytest
from tinyml_pipeline.compiler.operators import supported_operators
from tinyml_pipeline.errors import UnsupportedError

from tests.fuzz_shapes import drawers, run_range
from tests.host import compile_model
from tests.tflite_writer import Writer


def test_files_that_contradict_themselves(tmp_path: Path) -> None:
    outcome = run_range(seed=3, start=0, stop=100, folder=tmp_path)
    assert outcome.differences == []
    assert sum(outcome.counts.values()) == 100
    assert outcome.counts["accepted, TFLM runs it"] > 25
    assert outcome.counts["refused by the compiler"] > 10


def test_a_float_transpose_whose_output_has_another_shape_is_not_moved() -> None:
    """TFLM reads beyond its tensor: QUANTIZE after it has the shape that the TRANSPOSE should have had."""
    writer = Writer()
    source, axes = writer.tensor((2, 3), 0.1), writer.tensor((2,), type="INT32", data=[1, 0])
    real, moved = writer.tensor((2, 3), type="FLOAT32"), writer.tensor((2, 3), type="FLOAT32")
    output = writer.tensor((3, 2), 0.1)
    writer.operation("DEQUANTIZE", [source], [real])
    writer.operation("TRANSPOSE", [real, axes], [moved])
    writer.operation("QUANTIZE", [moved], [output])
    with pytest.raises(UnsupportedError):
        compile_model(writer.build([source], [output]))


def test_every_operator_is_drawn() -> None:
    assert {name.lower() for name in supported_operators()} <= set(drawers())
