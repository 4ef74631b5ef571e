"""What `compile --explain` and `fit` say of memory: the C's buffer, what is live at once, and TFLM's least arena."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from tinyml_pipeline.boards.catalog import load_board
from tinyml_pipeline.errors import UnsupportedError
from tinyml_pipeline.host.interpreters.tflm import TflmInterpreter
from tinyml_pipeline.quantization.quantized_model import load_quantized
from tinyml_pipeline.show.report.tables.road import compilation
from tinyml_pipeline.workflow import memory_use as module
from tinyml_pipeline.workflow.compile import Wanted, compile_models
from tinyml_pipeline.workflow.fit import needs_of
from tinyml_pipeline.workflow.memory_use import MemoryUse, memory_use

from tests.opened import opened, project
from tests.tflite_writer import Writer

WIDTHS = (8, 48, 40, 4)


def dense() -> bytes:
    """8 -> 48 -> 40 -> 4: the two hidden layers are live at once."""
    rng, writer = np.random.default_rng(0), Writer()
    source = layer = writer.tensor((1, WIDTHS[0]), 0.1, 0)
    for inputs, outputs in pairwise(WIDTHS):
        weights = rng.integers(-127, 128, (outputs, inputs)).astype(np.int8)
        layer = writer.fully_connected(layer, weights, 0.01, None, 0.1, 0)
    return writer.build([source], [layer])


def test_the_three_figures() -> None:
    model = load_quantized(dense(), "dense")
    use = memory_use(opened(model), None)
    assert use.arena_bytes is not None
    assert (use.buffer_bytes, use.live_bytes) == (88, 88)
    TflmInterpreter(model, use.arena_bytes).invoke([np.zeros((1, 8), np.int8)])
    with pytest.raises(UnsupportedError):
        TflmInterpreter(model, use.arena_bytes - 16)


def test_without_tflm_there_is_no_arena(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "has_tflm", lambda: False)
    assert memory_use(opened(load_quantized(dense(), "dense")), None) == MemoryUse(88, 88, None)


def test_compile_and_fit_tell_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "dense.tflite"
    path.write_bytes(dense())
    (result,) = compile_models([str(path)], project(tmp_path / "art"), Wanted(explain=True)).results
    found = result.facts()["portable"]["memory"]
    assert (found["buffer_bytes"], found["live_bytes"]) == (88, 88)
    compilation([result])
    words = " ".join(capsys.readouterr().out.split())
    arena = f"TFLM needs an arena of {found['arena_bytes']:,} bytes."
    assert f"memory: a buffer of 88 bytes between layers; at most 88 are live at once. {arena}" in words
    (need, *_) = needs_of(opened(load_quantized(dense(), "dense")), load_board("pico"))
    assert need.memory is not None
    assert need.memory.live_bytes <= need.memory.buffer_bytes <= need.ram_bytes  # type: ignore[operator]
