"""Other computers, simulated here: without TFLM's wheel, without the modules that only Unix has, without a compiler."""

from __future__ import annotations

import platform
import subprocess
import sys
from pathlib import Path

import pytest

from tests.firmware import dense_tflite
from tests.tools import need

REPOSITORY = Path(__file__).parents[2]
MODEL = REPOSITORY.parent / "shared" / "models" / "hello_world_int8.tflite"
UNIX_ONLY = "fcntl,pty,resource,termios,tty,pwd,grp"


def tinyml(blocked: str, folder: Path, *arguments: str, cwd: Path = REPOSITORY) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.portability.blocked", blocked, "--artifacts", str(folder), *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)


@pytest.fixture(autouse=True)
def _needs_the_model() -> None:
    if not MODEL.exists():
        pytest.skip(f"{MODEL} is not there")


def test_without_tflm_the_c_is_compared_with_the_reference_and_the_report_says_so(tmp_path: Path) -> None:
    need("g++", "g++")
    done = tinyml(f"tflite_micro,{UNIX_ONLY}", tmp_path, "parity", str(MODEL), "--board", "host", "--json")
    assert done.returncode == 0, done.stderr
    for text in ("TFLM itself was not run here", "is not proven", "compared with", "not with TFLM"):
        assert text in done.stdout
    assert "C on the host = TFLM" not in done.stdout


@pytest.mark.parametrize("command", [["compile"], ["generate"], ["fit"]], ids=lambda words: words[0])
def test_without_tflm_and_unix_modules_a_command_works(command: list[str], tmp_path: Path) -> None:
    done = tinyml(f"tflite_micro,{UNIX_ONLY}", tmp_path, *command, str(MODEL))
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr


def test_without_any_interpreter_a_proof_names_the_extra(tmp_path: Path) -> None:
    done = tinyml("tflite_micro,tflite_runtime,ai_edge_litert", tmp_path, "parity", str(MODEL), "--board", "host")
    assert done.returncode == 1
    assert "pip install 'tinyml-pipeline[reference]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_without_tflm_verify_says_where_it_works(tmp_path: Path) -> None:
    """Here TFLM has a wheel, so that it is only to be installed."""
    done = tinyml("tflite_micro", tmp_path, "verify", str(MODEL), "--board", "sim-uno")
    assert done.returncode == 1
    is_here = (sys.platform, platform.machine()) == ("linux", "x86_64")
    assert "verify needs TFLM: tflite-micro " in done.stderr
    way = "is not installed. Install it: pip install tflite-micro\n" if is_here else ". Run it on Linux x86-64.\n"
    assert done.stderr.endswith(way)


def test_without_tflm_predict_says_who_answers(tmp_path: Path) -> None:
    need("gcc", "gcc")
    (tmp_path / "dense.tflite").write_bytes(dense_tflite())
    for command in (["convert", "dense.tflite"], ["predict", "dense", "1", "1", "1"]):
        done = tinyml("tflite_micro", tmp_path / "artifacts", *command, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
    assert done.stderr.startswith("dense: int8 is what ")
    assert " answers, because TFLM cannot be run here\n" in done.stderr


@pytest.mark.parametrize(
    ("blocked", "command", "extra"),
    [
        ("tensorflow", ["train", "linear"], "train"),
        ("tensorflow", ["convert", "linear"], "train"),
        ("keras", ["export", "linear"], "train"),
        ("tensorflow", ["lr-find", "linear"], "train"),
        ("matplotlib", ["lesson", "descent"], "plot"),
        ("sklearn", ["lesson", "dropout"], "train"),
        ("matplotlib", ["graph", str(MODEL)], "plot"),
    ],
    ids=lambda value: value if isinstance(value, str) else value[0],
)
def test_a_command_whose_extra_is_missing_names_it_in_one_line(
    blocked: str, command: list[str], extra: str, tmp_path: Path
) -> None:
    done = tinyml(blocked, tmp_path, *command)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert f"pip install 'tinyml-pipeline[{extra}]'" in done.stderr
