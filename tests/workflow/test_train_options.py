"""`tinyml train` with options: the manifest records them, and a run that fails leaves all as it was."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.workflow.conftest import tinyml
from tests.workflow.test_road import hashes


def test_the_manifest_records_them_and_the_spec_is_taken_again_without(road: Path, tmp_path: Path) -> None:
    shutil.copytree(road / "linear", tmp_path / "linear")
    options = ["--learning-rate", "0.1", "--schedule", "1cycle", "--epochs", "50", "--plot"]
    done = tinyml(tmp_path, "train", "linear", *options)
    assert done.returncode == 0, done.stderr
    assert (
        "linear: not as its spec says: epochs 50, learning rate 0.1, schedule 1cycle."
        " Without these options it trains by the spec again.\n"
    ) in done.stdout
    facts = json.loads((tmp_path / "linear/manifest.json").read_text())["stages"]["train"]["facts"]
    assert facts["overrides"] == {"epochs": 50, "learning_rate": 0.1, "schedule": "1cycle"}
    assert facts["epochs"] == 50
    assert (tmp_path / "linear/learning_rate.png").read_bytes().startswith(b"\x89PNG")
    assert "up to date" in tinyml(tmp_path, "train", "linear", *options).stdout
    done = tinyml(tmp_path, "train", "linear")
    assert "up to date" not in done.stdout
    assert not (tmp_path / "linear/learning_rate.png").exists()
    assert (tmp_path / "linear/model.keras").read_bytes() == (road / "linear/model.keras").read_bytes()


FAILS = {
    "unknown_optimizer": (["--optimizer", "adm"], 2, "Keras knows no optimizer 'adm'. Did you mean 'adam'?"),
    "rate_zero": (
        ["--learning-rate", "0"],
        2,
        "--learning-rate is 0; it must be a finite number above 0, such as 0.01.",
    ),
    "rate_nan": (
        ["--learning-rate", "nan"],
        2,
        "--learning-rate is nan; it must be a finite number above 0, such as 0.01.",
    ),
    "diverges": (
        ["--learning-rate", "5"],
        1,
        "model 'linear': the loss became infinite in epoch 12 of 500; lower the learning rate, or scale the inputs to"
        " about -1 to 1.",
    ),
}


@pytest.mark.parametrize("case", FAILS)
def test_a_failure_is_one_line_and_overwrites_nothing(road: Path, tmp_path: Path, case: str) -> None:
    options, code, message = FAILS[case]
    shutil.copytree(road / "linear", tmp_path / "linear")
    done = tinyml(tmp_path, "train", "linear", *options)
    assert done.returncode == code
    assert done.stderr == f"tinyml: {message}\n"
    assert done.stdout == ""
    assert hashes(tmp_path / "linear") == hashes(road / "linear")
