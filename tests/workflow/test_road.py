"""From spec to sketch, as a person runs it."""

from __future__ import annotations

import hashlib
import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tinyml_pipeline.models.catalog import load_spec, model_names
from tinyml_pipeline.runtimes.c_names import c_identifier

from tests.workflow.conftest import ROOT, tinyml

FILES = {
    *("model.keras", "history.csv", "loss.png", "model.tflite", "lint.txt", "keras_answers.npz"),
    *("model_data.cc", "model_data.h", "model_io.h", "parity.json", "parity.png", "manifest.json"),
}
EXHAUSTIVE = {"linear": 256, "adder": 65536}


def hashes(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.mark.parametrize("name", model_names())
def test_everything_is_there_and_named_in_the_manifest(road: Path, name: str) -> None:
    found = hashes(road / name)
    # A network with fixed weights has no loss to draw.
    assert set(found) >= (FILES if load_spec(name).epochs else FILES - {"loss.png"})
    sketch = c_identifier(name)  # 'xor' is a word of C++, so its sketch has another name
    for library in ("arduino-esp32", "chirale"):
        assert f"{library}/{sketch}/{sketch}.ino" in found
    assert f"esp-idf/{sketch}/main/idf_component.yml" in found
    manifest = json.loads((road / name / "manifest.json").read_text())
    named = {file: digest for stage in manifest["stages"].values() for file, digest in stage["files"].items()}
    del found["manifest.json"]
    assert named == found
    assert manifest["stages"]["train"]["facts"]["seed"] == load_spec(name).seed
    assert manifest["environment"]["tensorflow"]
    assert manifest["stages"]["convert"]["facts"]["inputs"][0]["scale"] > 0
    assert manifest["stages"]["parity"]["facts"]["passed"]


@pytest.mark.parametrize("name", sorted(EXHAUSTIVE))
def test_parity_holds_on_every_possible_input(road: Path, name: str, tmp_path: Path) -> None:
    shutil.copytree(road / name, tmp_path / name)
    done = tinyml(tmp_path, "parity", name, "--json")
    assert done.returncode == 0, done.stderr
    (result,) = json.loads(done.stdout)
    facts = result["facts"]["parity"]
    assert facts["claim"] == f"verified on every possible input ({EXHAUSTIVE[name]:,})"
    rows = {row["name"]: row for row in facts["rows"]}
    assert rows["C on the host = TFLM"]["vectors"] == EXHAUSTIVE[name]
    assert rows["C on the host = TFLM"]["mismatches"] == 0
    assert rows["Keras = int8"]["worst"] <= load_spec(name).tolerance
    question = {"linear": "f(10) = 19", "adder": "f(10, 2) = 12"}[name]
    assert abs(rows[question]["got"] - rows[question]["expected"]) <= rows[question]["step"]


def test_the_table_names_every_model_and_its_proof(road: Path) -> None:
    table = (road / "convert.txt").read_text()
    for name in model_names():
        assert name in table
    assert "verified on every possible input (65,536)" in table


def test_a_second_run_is_up_to_date(road: Path) -> None:
    before = hashes(road)
    for verb in ("train", "convert"):
        done = tinyml(road, verb)
        assert done.returncode == 0
        assert done.stdout.count("up to date") == len(model_names())
    assert hashes(road) == before


def test_two_clones_make_the_same_bytes(road: Path, tmp_path: Path) -> None:
    """Model, weights, .tflite, C array, sketches, pictures and manifest: all of it."""
    for verb in ("train", "convert"):
        done = tinyml(tmp_path, verb, "linear")
        assert done.returncode == 0, done.stderr
    assert hashes(tmp_path / "linear") == hashes(road / "linear")


def test_ctrl_c_keeps_what_was_there(road: Path, tmp_path: Path) -> None:
    shutil.copytree(road / "adder", tmp_path / "adder")
    command = [sys.executable, "-m", "tinyml_pipeline.cli", "--artifacts", str(tmp_path), "train", "adder", "--force"]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert any("adder: epoch " in line for line in iter(process.stderr.readline, ""))
        process.send_signal(signal.SIGINT)
        rest = process.stderr.read()
    assert process.returncode == 130
    assert rest.endswith("\ntinyml: stopped; what was finished is kept, all else is as it was.\n")
    assert hashes(tmp_path / "adder") == hashes(road / "adder")


def test_a_damaged_file_is_made_again(road: Path, tmp_path: Path) -> None:
    shutil.copytree(road / "linear", tmp_path / "linear")
    (tmp_path / "linear/model.tflite").write_bytes(b"damaged")
    done = tinyml(tmp_path, "parity", "linear")
    assert done.returncode == 1
    assert done.stderr == (
        f"tinyml: {tmp_path}/linear/model.tflite is not what 'tinyml convert' wrote (its SHA-256 differs from"
        " manifest.json). Run: tinyml convert linear --force\n"
    )
    assert tinyml(tmp_path, "convert", "linear").returncode == 0
    found, wanted = hashes(tmp_path / "linear"), hashes(road / "linear")
    assert {name: found[name] for name in wanted} == wanted


def test_a_mismatch_prints_the_vector_and_leaves_with_1(road: Path, tmp_path: Path) -> None:
    """A C array whose bias differs in one bit, with a manifest that agrees: only parity can find it."""
    shutil.copytree(road / "linear", tmp_path / "linear")
    folder = tmp_path / "linear"
    source = folder / "model_data.cc"
    text = source.read_text()
    at = text.rindex("0x", 0, text.rindex("}"))
    digit = "1" if text[at + 3] != "1" else "2"
    changed = text[: at + 3] + digit + text[at + 4 :]
    source.write_text(changed)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["stages"]["generate"]["files"]["model_data.cc"] = hashlib.sha256(changed.encode()).hexdigest()
    (folder / "manifest.json").write_text(json.dumps(manifest))
    done = tinyml(tmp_path, "parity", "linear")
    assert done.returncode == 1
    assert "PARITY FAILED: linear: C array = .tflite: byte " in done.stderr
    assert " instead of 0x" in done.stderr
    assert "Traceback" not in done.stderr


def test_per_channel_leaves_chirale_out_and_says_why(road: Path, tmp_path: Path) -> None:
    shutil.copytree(road / "adder", tmp_path / "adder")
    done = tinyml(tmp_path, "convert", "adder", "--per-channel")
    assert done.returncode == 0, done.stderr
    assert (
        "no sketch for adder for chirale: FULLY_CONNECTED (operation 0) has weights quantized per channel, which"
        " Chirale_TensorFLowLite 2.0.0 computes wrongly and silently; arduino-esp32 and esp-idf do not. Dense layers"
        " quantized per tensor, as 'tinyml convert' makes them of a Keras model by default, run on all.\n"
    ) in done.stderr
    assert not (tmp_path / "adder/chirale").exists()
    assert (tmp_path / "adder/arduino-esp32/adder/adder.ino").exists()
    refused = tinyml(tmp_path, "generate", "adder", "--library", "chirale")
    assert refused.returncode == 1
    assert "tinyml: adder for chirale: FULLY_CONNECTED (operation 0) has weights quantized" in refused.stderr
    assert not (tmp_path / "adder/chirale").exists()


BAD_FILES = {
    "random bytes": bytes(range(256)) * 4,
    "empty": b"",
    "truncated": None,
}


@pytest.mark.parametrize("verb", ["generate", "parity"])
@pytest.mark.parametrize("kind", BAD_FILES)
def test_a_broken_file_is_one_line(road: Path, tmp_path: Path, verb: str, kind: str) -> None:
    data = BAD_FILES[kind]
    path = tmp_path / "other.tflite"
    path.write_bytes((road / "linear/model.tflite").read_bytes()[:700] if data is None else data)
    done = tinyml(tmp_path / "out", verb, str(path))
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("tinyml: other: ")
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out/other").exists()


def test_a_file_from_elsewhere_gets_a_sketch_of_its_own(road: Path, tmp_path: Path) -> None:
    path = tmp_path / "My Net.tflite"
    path.write_bytes((road / "adder/model.tflite").read_bytes())
    done = tinyml(tmp_path / "a", "generate", str(path), "-o", str(tmp_path / "sketch"), "--library", "chirale")
    assert done.returncode == 0, done.stderr
    (sketch,) = (tmp_path / "sketch/chirale").glob("*/*.ino")
    assert sketch.stem == sketch.parent.name
    done = tinyml(tmp_path / "a", "parity", str(path))
    assert done.returncode == 0, done.stderr
    assert "verified on every possible input (65,536)" in done.stdout


def test_two_runs_at_once_the_second_says_so(road: Path, tmp_path: Path) -> None:
    from tinyml_pipeline.artifacts import ModelFolder

    shutil.copytree(road / "linear", tmp_path / "linear")
    with ModelFolder(tmp_path, "linear").locked():
        done = tinyml(tmp_path, "convert", "linear")
    assert done.returncode == 1
    assert done.stderr == (
        f"tinyml: linear: another run is at work on {tmp_path}/linear. Wait until it ends, or stop it first.\n"
    )
