"""`tinyml compile --name`, several models in one folder, files of one stem: what is written, what is refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from tinyml_pipeline.cli.main import main

from tests.compiler.models import adder, linear


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two models under one name, each in a folder of its own, and one of another name."""
    for place, tflite in (("a/net.tflite", linear()), ("b/net.tflite", adder()), ("sum.tflite", adder())):
        (tmp_path / place).parent.mkdir(exist_ok=True)
        (tmp_path / place).write_bytes(tflite)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def compile_(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(main, ["--artifacts", "art", "compile", *arguments], catch_exceptions=False)
    return done.exit_code, done.output


REFUSED = {
    "twice": (["sum.tflite", "./sum.tflite"], "./sum.tflite is given twice."),
    "keyword": (
        ["sum.tflite", "--name", "class"],
        "--name 'class' cannot be a model's name in C: it is a keyword of C or C++; choose another, such as"
        " 'model_class'.",
    ),
    "only_case": (
        ["sum.tflite", "a/net.tflite", "--name", "one", "--name", "ONE"],
        "--name 'ONE' cannot be a model's name in C: it has upper-case letters, which are for its macros; choose"
        " 'one'.",
    ),
    "one_stem": (
        ["a/net.tflite", "b/net.tflite"],
        "a/net.tflite and b/net.tflite would both be 'net' in C; give each a name: --name ONE --name OTHER.",
    ),
    "too_few": (
        ["sum.tflite", "a/net.tflite", "--name", "one"],
        "--name is given once per model, in the same order; there are 2 models, 1 name.",
    ),
    "weights": (
        ["b/net.tflite", "sum.tflite", "--name", "one", "--name", "one_weights", "-o", "out"],
        "two models would both have the file one_weights.h in C; give them other names with --name.",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_in_one_line(case: str, folder: Path) -> None:
    arguments, message = REFUSED[case]
    code, output = compile_(*arguments)
    assert (code, " ".join(output.split())) == (2 if case != "weights" else 1, f"tinyml: {message}")
    assert not (folder / "art").exists()
    assert not (folder / "out").exists()


def test_a_file_of_the_same_stem_does_not_replace_another_models_files(folder: Path) -> None:
    assert compile_("a/net.tflite")[0] == 0
    code, output = compile_("b/net.tflite")
    assert code == 1
    assert "art/net holds what was made of a/net.tflite, another model of the name 'net'" in " ".join(output.split())
    assert compile_("b/net.tflite", "--name", "other")[0] == 0
    assert (folder / "art/other/c/portable/other_weights.h").is_file()
    # The same model elsewhere, a newer version of the same file, and a file that was moved are no strangers.
    (folder / "c").mkdir()
    shutil.copy("a/net.tflite", "c/net.tflite")
    assert compile_("c/net.tflite")[0] == 0
    (folder / "c/net.tflite").write_bytes(adder())
    assert compile_("c/net.tflite")[0] == 0
    (folder / "c/net.tflite").unlink()
    assert compile_("a/net.tflite")[0] == 0


def test_several_models_in_one_folder(folder: Path) -> None:
    options = ["--vectors", "5", "--memory", "caller", "-o", "out"]
    assert compile_("a/net.tflite", "b/net.tflite", "--name", "line", "--name", "sum", *options)[0] == 0
    written = {path.name for path in (folder / "out").rglob("*")}
    assert {"line.c", "sum.c", "sum_weights.h", "shared.c", "line_test.c", "sum_vectors.h", "vector_test.h"} <= written
    assert "struct sum_memory {" in (folder / "out/sum.h").read_text()
    archive = np.load(folder / "out/test/sum_vectors.npz")
    shapes = [archive[name].shape for name in sorted(archive.files)]
    assert shapes == [(5, 2), (5, 1)]
    manifest = json.loads((folder / "out/manifest.json").read_text())
    assert sorted(manifest["stages"]["compile portable"]["facts"]["models"]) == ["line", "sum"]
    before = {path: path.read_bytes() for path in (folder / "out").rglob("*") if path.is_file()}
    assert compile_("a/net.tflite", "b/net.tflite", "--name", "line", "--name", "sum", *options)[0] == 0
    assert {path: path.read_bytes() for path in (folder / "out").rglob("*") if path.is_file()} == before
