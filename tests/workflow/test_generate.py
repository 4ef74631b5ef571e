"""`tinyml generate`: which sketches are written, and which stay."""

from __future__ import annotations

from pathlib import Path

import pytest
from tinyml_pipeline.artifacts import ModelFolder
from tinyml_pipeline.workflow.generate import generate

from tests.firmware import linear_tflite
from tests.opened import project

ALL = ["arduino-esp32", "chirale", "esp-idf"]


@pytest.fixture
def neuron(tmp_path: Path) -> Path:
    path = tmp_path / "neuron.tflite"
    path.write_bytes(linear_tflite())
    return path


def libraries(folder: ModelFolder) -> list[str]:
    """Those whose sketches are there; the manifest must name just them, and their files."""
    record = folder.record("generate")
    assert record is not None
    there = sorted(path.name for path in folder.path.iterdir() if path.is_dir())
    assert record.facts["libraries"] == there
    assert all((folder.path / file).is_file() for file in record.files)
    assert {file.split("/")[0] for file in record.files if "/" in file} == set(there)
    return there


def test_one_library_leaves_the_sketches_of_the_others(neuron: Path, tmp_path: Path) -> None:
    folder = ModelFolder(tmp_path, "neuron")
    generate([str(neuron)], project(tmp_path))
    all_of_it = folder.record("generate")
    assert libraries(folder) == ALL
    edited = folder.path / "chirale/neuron/neuron.ino"
    edited.write_text("mine")
    generate([str(neuron)], project(tmp_path), libraries=["esp-idf"])
    assert libraries(folder) == ALL
    assert folder.record("generate") == all_of_it
    assert edited.read_text() == "mine"
    assert not list(folder.path.rglob("*.edited"))


def test_libraries_one_after_the_other(neuron: Path, tmp_path: Path) -> None:
    folder = ModelFolder(tmp_path, "neuron")
    for count, name in enumerate(ALL, 1):
        generate([str(neuron)], project(tmp_path), libraries=[name])
        assert libraries(folder) == ALL[:count]


def test_sketches_of_another_model_go(neuron: Path, tmp_path: Path) -> None:
    folder = ModelFolder(tmp_path, "neuron")
    generate([str(neuron)], project(tmp_path))
    neuron.write_bytes(linear_tflite().replace((-794).to_bytes(4, "little", signed=True), (+794).to_bytes(4, "little")))
    generate([str(neuron)], project(tmp_path), libraries=["chirale"])
    assert libraries(folder) == ["chirale"]
