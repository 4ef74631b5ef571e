"""`tinyml export`: every form loads again in a program of its own and answers the same."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from pipeline.quantize.convert import KerasProcess
from tests.workflow.conftest import tinyml

LOAD = {
    "h5": "keras.saving.load_model(path, compile=False)(x)",
    "keras": "keras.saving.load_model(path)(x)",
    "savedmodel": "(loaded := tf.saved_model.load(path)).serve(x)",
}


@pytest.mark.parametrize("form", LOAD)
def test_another_program_loads_it_with_the_same_predictions(road: Path, tmp_path: Path, form: str) -> None:
    shutil.copytree(road / "linear", tmp_path / "linear")
    done = tinyml(tmp_path, "export", "linear", "--format", form, "--json")
    assert done.returncode == 0, done.stderr
    (found,) = json.loads(done.stdout)
    facts = found["facts"]["export"]
    assert facts["equal_predictions"] == 6
    code = "import sys, numpy as np, keras, tensorflow as tf; path = sys.argv[1]\nx = np.float32([[10.0], [-3.0]])\n"
    code += f"print(np.asarray({LOAD[form]}).ravel().tolist())"
    answers = subprocess.run([sys.executable, "-c", code, facts["path"]], capture_output=True, text=True, check=True)
    with KerasProcess() as keras:
        ours = keras.predict((road / "linear/model.keras").read_bytes(), np.float32([[10.0], [-3.0]]))
    assert json.loads(answers.stdout) == ours.ravel().tolist()
    manifest = json.loads((tmp_path / "linear/manifest.json").read_text())
    assert all(name.startswith("export/linear") for name in manifest["stages"][f"export {form}"]["files"])


REFUSED = {
    "format": (["linear", "--format", "onnx"], 2, "there is no format 'onnx'; choose one of: h5, keras, savedmodel."),
    "model": (["ader"], 2, "there is no model 'ader'. Did you mean 'adder'?"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_is_one_line(tmp_path: Path, case: str) -> None:
    arguments, code, message = REFUSED[case]
    done = tinyml(tmp_path, "export", *arguments)
    assert (done.returncode, done.stderr) == (code, f"tinyml: {message}\n")
