"""Errors that need no Keras come before it is started, and a line comes before the seconds that it takes."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from tinyml_pipeline.cli import main
from tinyml_pipeline.errors import PipelineError, SpecError
from tinyml_pipeline.models import linear
from tinyml_pipeline.project import ModelSource
from tinyml_pipeline.training import prepare as preparing
from tinyml_pipeline.training.train import train

ERRORS = {
    "export_format": (("export", "linear", "--format", "onnx"), "there is no format 'onnx'"),
    "export_name": (("export", "liner"), "there is no model 'liner'"),
    "export_untrained": (("export", "linear"), "model.keras is not there. Run: tinyml train linear"),
    "convert_name": (("convert", "liner"), "there is no model 'liner'"),
    "convert_untrained": (("convert", "linear"), "model.keras is not there. Run: tinyml train linear"),
    "predict_untrained": (("predict", "linear", "1"), "model.keras is not there. Run: tinyml train linear"),
    "lr_find_optimizer": (("lr-find", "linear", "--optimizer", "x", "--batch-size", "0"), "batch"),
    "train_schedule": (("train", "linear", "--schedule", "cosine"), "there is no schedule 'cosine'"),
    "train_name": (("train", "liner"), "there is no model 'liner'"),
}


def no_keras(*_: object) -> Any:
    raise AssertionError("Keras was started")


@pytest.mark.parametrize("case", ERRORS)
def test_the_error_comes_first(case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words, message = ERRORS[case]
    monkeypatch.setattr("tinyml_pipeline.quantization.convert._Child", no_keras)
    monkeypatch.setattr(preparing, "import_keras", no_keras)
    done = CliRunner().invoke(main, ["--artifacts", str(tmp_path), *words])
    assert done.exit_code in (1, 2)
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_data_that_cannot_be_loaded_need_no_keras(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: object) -> Any:
        raise ValueError("no such column")

    monkeypatch.setattr(preparing, "import_keras", no_keras)
    with pytest.raises(SpecError, match="no such column"):
        train(replace(linear.SPEC, data=broken), lambda _: None)


@pytest.mark.parametrize("command", ["train", "lr-find"])
def test_a_line_comes_before_keras(command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(*_: object) -> Any:
        raise PipelineError("Keras starts here")

    monkeypatch.delitem(sys.modules, "keras", raising=False)
    monkeypatch.setattr(preparing, "import_keras", stopped)
    monkeypatch.setattr(ModelSource, "load", lambda _: linear.SPEC)
    done = CliRunner().invoke(main, ["--artifacts", str(tmp_path), command, "linear"])
    assert done.stderr.splitlines()[0] == "linear: starting Keras (some seconds)"
    assert done.stderr.splitlines()[-1] == "tinyml: Keras starts here"
