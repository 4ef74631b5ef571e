"""A model is opened, parsed, lowered and built once per command; a stage's fingerprint covers the code that it uses."""

from __future__ import annotations

import ast
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from tinyml_pipeline import provenance, tools
from tinyml_pipeline.compiler.compile import compile_unit
from tinyml_pipeline.compiler.read_tflite import read_tflite
from tinyml_pipeline.host.interpreters.tflm import minimum_arena_bytes
from tinyml_pipeline.places import PACKAGE
from tinyml_pipeline.workflow import parity as parity_workflow
from tinyml_pipeline.workflow.convert import convert
from tinyml_pipeline.workflow.verify import verify

from tests.firmware import board_here, linear_tflite
from tests.opened import project


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often C is built, by the board's compiler; and, inside `watched`, calls of functions by name."""
    counts: Counter[str] = Counter()
    run = tools.run

    def counting(command: Any, **options: Any) -> Any:
        if any(str(part) in ("linear.c", "neuron.c") for part in command):
            counts[f"build by {Path(command[0]).name}"] += 1
        return run(command, **options)

    monkeypatch.setattr(tools, "run", counting)
    return counts


@contextmanager
def watched(counts: Counter[str], *functions: Any) -> Iterator[None]:
    codes = {function.__code__: function.__name__ for function in functions}

    def profile(frame: FrameType, event: str, _: Any) -> None:
        if event == "call" and frame.f_code in codes:
            counts[codes[frame.f_code]] += 1

    sys.setprofile(profile)
    try:
        yield
    finally:
        sys.setprofile(None)


def test_convert_reads_lowers_and_builds_once(tmp_path: Path, linear_archive: bytes, counted: Counter[str]) -> None:
    board_here("host")
    folder = project(tmp_path).folder("linear")
    with folder.locked():
        folder.publish({"train": ("", {"model.keras": linear_archive}, {})}, provenance.environment())
    with watched(counted, read_tflite, compile_unit, minimum_arena_bytes):
        outcomes = convert(["linear"], project(tmp_path))
    assert not outcomes.errors
    assert outcomes.results[0].passed
    assert counted == {"read_tflite": 1, "compile_unit": 1, "minimum_arena_bytes": 1, "build by gcc": 1}


def test_verify_of_a_file_opens_it_once(tmp_path: Path, counted: Counter[str]) -> None:
    board_here("host")
    model = tmp_path / "neuron.tflite"
    model.write_bytes(linear_tflite())
    with watched(counted, read_tflite, compile_unit, minimum_arena_bytes):
        outcomes = verify(str(model), project(tmp_path / "art"), board="host")
    assert outcomes.results[0].passed
    assert counted == {"read_tflite": 1, "compile_unit": 1, "minimum_arena_bytes": 1, "build by gcc": 1}


def test_parity_builds_once_for_each_processor(tmp_path: Path, counted: Counter[str]) -> None:
    boards = [board_here("host"), board_here("sim-cortex-m3")]
    model = tmp_path / "neuron.tflite"
    model.write_bytes(linear_tflite())
    with watched(counted, read_tflite, compile_unit):
        outcomes = parity_workflow.parity([str(model)], project(tmp_path / "art"), boards=[one.name for one in boards])
    assert outcomes.results[0].passed
    # Each is a target of its own; boards that share one share its lowering.
    assert counted == {"read_tflite": 1, "compile_unit": 2, "build by gcc": 1, "build by arm-none-eabi-gcc": 1}


def test_a_fingerprint_covers_what_the_stage_uses_and_nothing_else() -> None:
    used = set(provenance.modules_used_by("tinyml_pipeline.workflow.convert"))
    package = "tinyml_pipeline"
    for module in ("compiler.ops.fully_connected", "boards.host", "quantization.keras_process", "show.report.plots",
                   "runtimes.tflm", "host.interpreters.second_opinion", "parity.compare"):  # fmt: skip
        assert f"{package}.{module}" in used
    for module in ("show.lessons.descent", "cli.main", "training.train", "workflow.flash", "workflow.lesson"):
        assert f"{package}.{module}" not in used, "editing it must not convert every model again"


@pytest.mark.parametrize("stage", ["convert", "train", "firmware"])
def test_a_fingerprint_finds_every_import(stage: str) -> None:
    """The fast search for imports by their text, held against Python's own parser."""
    used = set(provenance.modules_used_by(f"tinyml_pipeline.workflow.{stage}"))
    for module in used:
        place = PACKAGE.joinpath(*module.split(".")[1:])
        path = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module:
                names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            for name in names:
                if (
                    name.startswith("tinyml_pipeline.")
                    and PACKAGE.joinpath(*name.split(".")[1:]).with_suffix(".py").is_file()
                ):
                    assert name in used, f"{module} imports {name}"
