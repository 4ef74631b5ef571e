"""`tinyml lr-find`: the rate, its picture, and the training with it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.workflow.conftest import tinyml


def test_the_next_step_is_printed_and_apply_takes_it(tmp_path: Path) -> None:
    done = tinyml(tmp_path, "lr-find", "linear", "--json")
    assert done.returncode == 0, done.stderr
    (found,) = json.loads(done.stdout)
    assert found["next_step"] == f"tinyml train linear --learning-rate {found['found']:g}"
    assert Path(found["picture"]).read_bytes().startswith(b"\x89PNG")
    done = tinyml(tmp_path, "lr-find", "linear", "--apply", "--json")
    assert done.returncode == 0, done.stderr
    (result,) = json.loads(done.stdout)
    assert result["facts"]["train"]["overrides"] == {"learning_rate": found["found"]}
    assert (tmp_path / "linear/model.keras").exists()


def test_apply_prints_what_was_found_and_then_the_training(tmp_path: Path) -> None:
    done = tinyml(tmp_path, "lr-find", "linear", "--apply")
    assert done.returncode == 0, done.stderr
    assert done.stdout.index("the loss turns at") < done.stdout.index("parameters")
    assert f"drawn in {tmp_path}/linear/lr_find.png\n" in done.stdout
    assert f"written to {tmp_path}/linear/model.keras\n" in done.stdout
    assert "Train with it" not in done.stdout


REFUSED = {
    "model": (["ader"], "there is no model 'ader'. Did you mean 'adder'?"),
    "optimizer": (["linear", "--optimizer", "adm"], "Keras knows no optimizer 'adm'. Did you mean 'adam'?"),
    "batch_size": (["linear", "--batch-size", "0"], "--batch-size is 0; it must be at least 1."),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_is_one_line(tmp_path: Path, case: str) -> None:
    arguments, message = REFUSED[case]
    done = tinyml(tmp_path, "lr-find", *arguments)
    assert (done.returncode, done.stderr) == (2, f"tinyml: {message}\n")
    assert not list(tmp_path.iterdir())
