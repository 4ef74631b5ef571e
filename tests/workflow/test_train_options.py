"""`tinyml train` with options: the manifest records them, and a run that fails leaves all as it was."""

from __future__ import annotations

import json
import re
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


RATE = "it must be a finite number above 0, such as 0.01."
REMEDY = "lower the learning rate, or scale the inputs to about -1 to 1."
FAILS = {
    "unknown_optimizer": ("linear --optimizer foo", 2, "Keras knows no optimizer 'foo'. There are: #."),
    "rate_zero": ("linear --learning-rate 0", 2, f"--learning-rate is 0; {RATE}"),
    "rate_nan": ("linear --learning-rate nan", 2, f"--learning-rate is nan; {RATE}"),
    "rate_infinite": ("linear --learning-rate inf", 2, f"--learning-rate is inf; {RATE}"),
    "rate_negative": ("linear --learning-rate -0.1", 2, f"--learning-rate is -0.1; {RATE}"),
    "infinite_loss": (
        "linear --learning-rate 5",
        1,
        f"model 'linear': the loss became infinite in epoch 12 of 500; {REMEDY}",
    ),
    "diverged_with_a_finite_loss": (
        "xor --optimizer sgd --learning-rate 1e30",
        1,
        "model 'xor': training made it worse: the loss is #, and was 0.709 before the first update (0.693 with the mean"
        f" as every answer); {REMEDY}",
    ),
}


@pytest.mark.parametrize("case", FAILS)
def test_a_failure_is_one_line_and_overwrites_nothing(road: Path, tmp_path: Path, case: str) -> None:
    arguments, code, message = FAILS[case]
    model = arguments.split()[0]
    shutil.copytree(road / model, tmp_path / model)
    done = tinyml(tmp_path, "train", *arguments.split())
    assert (done.returncode, done.stdout) == (code, "")
    said = [
        line for line in done.stderr.splitlines() if not line.startswith((f"{model}: epoch ", f"{model}: starting "))
    ]
    # A loss of 1e28 depends on how a processor rounds, and the names of optimizers on Keras' version.
    changing = r"(?<=loss is )\d\.\d+e\+\d+(?=,)|(?<=There are: )adadelta, .*, sgd(?=\.)"
    assert [re.sub(changing, "#", line) for line in said] == [f"tinyml: {message}"]
    assert hashes(tmp_path / model) == hashes(road / model)
