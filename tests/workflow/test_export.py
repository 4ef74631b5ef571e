"""`tinyml export`: every form loads again in a program of its own and answers the same."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tinyml_pipeline.quantization.convert import KerasProcess

from tests.workflow.conftest import tinyml

LOAD = {
    "h5": "keras.models.load_model(path)(x)",
    "keras": "keras.models.load_model(path)(x)",
    "savedmodel": "(loaded := tf.saved_model.load(path)).serve(x)",
}


@pytest.mark.parametrize("form", LOAD)
def test_another_program_loads_it_with_the_same_predictions(
    road: Path, tmp_path: Path, keras_process: KerasProcess, form: str
) -> None:
    shutil.copytree(road / "linear", tmp_path / "linear")
    done = tinyml(tmp_path, "export", "linear", "--format", form, "--json")
    assert done.returncode == 0, done.stderr
    (found,) = json.loads(done.stdout)
    facts = found["facts"]["export"]
    assert facts["equal_predictions"] == 6
    code = "import sys, numpy as np, keras, tensorflow as tf; path = sys.argv[1]\nx = np.float32([[10.0], [-3.0]])\n"
    code += f"print(np.asarray({LOAD[form]}).ravel().tolist())"
    answers = subprocess.run(
        [sys.executable, "-c", code, facts["path"]], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    ours = keras_process.predict((road / "linear/model.keras").read_bytes(), np.float32([[10.0], [-3.0]]))
    assert json.loads(answers.stdout) == ours.ravel().tolist()
    manifest = json.loads((tmp_path / "linear/manifest.json").read_text())
    names = manifest["stages"][f"export {form}"]["files"]
    assert all(name.startswith("export/linear") for name in names)
    assert facts["bytes"] == sum((tmp_path / "linear" / name).stat().st_size for name in names)


@pytest.mark.parametrize("form", LOAD)
@pytest.mark.parametrize("name", ["bank", "xor", "digits", "digits_cnn"])
def test_every_kind_of_layer_loads_again(road: Path, keras_process: KerasProcess, name: str, form: str) -> None:
    """The export itself compares the predictions, bit for bit."""
    archive = (road / name / "model.keras").read_bytes()
    shape = (8, 8, 1) if name.startswith("digits") else (2,)
    inputs = np.random.default_rng(0).random((64, *shape), np.float32)
    files = keras_process.export(archive, form, inputs, name)
    assert (files == {"": archive}) is (form == "keras")
    assert (list(files) == [""]) is (form != "savedmodel")


def test_one_form_leaves_the_other_there(road: Path, tmp_path: Path) -> None:
    shutil.copytree(road / "bank", tmp_path / "bank")
    for form in ("savedmodel", "h5"):
        assert tinyml(tmp_path, "export", "bank", "--format", form).returncode == 0
    folder = tmp_path / "bank/export"
    assert sorted(path.name for path in folder.iterdir()) == ["bank", "bank.h5"]
    manifest = json.loads((tmp_path / "bank/manifest.json").read_text())
    listed = {name for stage, record in manifest["stages"].items() if "export" in stage for name in record["files"]}
    assert listed == {path.relative_to(tmp_path / "bank").as_posix() for path in folder.rglob("*") if path.is_file()}


REFUSED = {
    "format": (["linear", "--format", "onnx"], 2, "there is no format 'onnx'; choose one of: h5, keras, savedmodel."),
    "model": (["ader"], 2, "there is no model 'ader'. Did you mean 'adder'?"),
    "not_trained": (["linear"], 1, "{root}/linear/model.keras is not there. Run: tinyml train linear"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_is_one_line(tmp_path: Path, case: str) -> None:
    arguments, code, message = REFUSED[case]
    done = tinyml(tmp_path, "export", *arguments)
    assert (done.returncode, done.stderr) == (code, f"tinyml: {message.format(root=tmp_path)}\n")
    assert not list(tmp_path.glob("*/*")), "nothing half-written"


def test_a_damaged_archive_leaves_everything_as_it_was(road: Path, tmp_path: Path) -> None:
    shutil.copytree(road / "linear", tmp_path / "linear")
    (tmp_path / "linear/model.keras").write_bytes(b"damaged")
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "linear").rglob("*")}
    done = tinyml(tmp_path, "export", "linear", "--format", "h5")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"tinyml: {tmp_path}/linear/model.keras is not what 'tinyml train' wrote (its SHA-256 differs from"
        " manifest.json). Run: tinyml train linear --force\n"
    )
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "linear").rglob("*")} == before
