"""A model that was trained again and not converted: nothing is proven, asked or made of what it no longer is."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner
from tinyml_pipeline.cli import main

from tests.workflow.conftest import tinyml


@pytest.fixture(scope="module")
def trained_again(road: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("outdated")
    shutil.copytree(road / "linear", root / "linear")
    done = tinyml(root, "train", "linear", "--epochs", "3")
    assert done.returncode == 0, done.stderr
    return root


@pytest.mark.parametrize(
    "command",
    ["parity", "generate", "compile", "fit", "predict 5", "firmware --board uno", "build --board sim-cortex-m4",
     "flash --board sim-uno", "verify --board sim-uno"],
)  # fmt: skip
def test_it_is_refused_until_it_is_converted(command: str, trained_again: Path) -> None:
    verb, *options = command.split()
    before = sorted(path for path in trained_again.rglob("*") if path.suffix != ".lock")
    result = CliRunner().invoke(main, ["--artifacts", str(trained_again), verb, "linear", *options])
    assert result.exit_code == 1
    assert result.stderr.splitlines()[-1] == (
        f"tinyml: {trained_again}/linear/model.tflite is of an earlier training. Run: tinyml convert linear"
    )
    assert sorted(path for path in trained_again.rglob("*") if path.suffix != ".lock") == before


def test_models_says_so(trained_again: Path, road: Path) -> None:
    states = {}
    for root in (trained_again, road):
        rows = json.loads(CliRunner().invoke(main, ["--artifacts", str(root), "models", "--json"]).output)
        states[root] = next(row["state"] for row in rows if row["model"] == "linear")
    assert states == {trained_again: "train, convert it again", road: "train, convert, generate, parity"}
