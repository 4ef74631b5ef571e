"""The command line: starts light, explains itself, and says every trouble in one line with its exit code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result
from tinyml_pipeline.cli import main

COMMANDS = sorted(main.commands)
HEAVY = {"tensorflow", "keras", "numpy", "matplotlib", "rich", "jinja2", "tflite_runtime", "tflite_micro", "filelock"}


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments, catch_exceptions=False)


def test_help_imports_nothing_heavy() -> None:
    code = "import sys\nsys.argv = ['tinyml', '--help']\nfrom tinyml_pipeline.cli import main\ntry: main()\n"
    code += "except SystemExit: print(*{name.split('.')[0] for name in sys.modules}, sep='\\n', file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "Usage: tinyml" in done.stdout
    assert not HEAVY & set(done.stderr.split())


def make(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`make` as a person types it, also where these tests were started by one."""
    command = ["make", "-f", str(Path(__file__).parents[2] / "Makefile"), *arguments]
    alone = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    return subprocess.run(command, capture_output=True, text=True, cwd=folder, env=alone, check=False)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(command: str) -> None:
    result = run(command, "--help")
    assert result.exit_code == 0
    assert "Example: tinyml " + command in result.output


@pytest.mark.parametrize("command", ["train", "convert", "generate", "parity"])
def test_an_unknown_model_names_the_nearest(command: str, tmp_path: Path) -> None:
    result = run("--artifacts", str(tmp_path), command, "ader")
    assert result.exit_code == 2
    assert result.stderr == "tinyml: there is no model 'ader'. Did you mean 'adder'?\n"
    assert not list(tmp_path.iterdir())


def test_a_model_that_was_not_trained_names_the_command(tmp_path: Path) -> None:
    result = run("--artifacts", str(tmp_path), "convert", "linear")
    assert result.exit_code == 1
    assert result.stderr.splitlines()[-1] == (
        f"tinyml: {tmp_path}/linear/model.keras is not there. Run: tinyml train linear"
    )


def test_an_unknown_library_names_all(tmp_path: Path) -> None:
    result = run("--artifacts", str(tmp_path), "generate", "linear", "--library", "arduino")
    assert result.exit_code == 2
    assert result.stderr == (
        "tinyml: there is no target library 'arduino'; choose one of: arduino-esp32, chirale, esp-idf.\n"
    )


def test_an_output_folder_for_a_model_is_refused(tmp_path: Path) -> None:
    result = run("generate", "linear", "-o", str(tmp_path))
    assert result.exit_code == 2
    assert result.stderr == (
        "tinyml: --output takes exactly one .tflite; a model's files always land in its artifacts folder.\n"
    )


def test_a_file_that_is_not_there() -> None:
    result = run("parity", "no/such.tflite")
    assert result.exit_code == 2
    assert result.stderr == "tinyml: there is no file 'no/such.tflite'.\n"


def test_what_is_there_but_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.tflite")
    for name, message in (
        (f"{tmp_path}", "is a folder; pass a .tflite file in it."),
        (f"{tmp_path}/pipe.tflite", "is not a regular file; copy what it gives to a .tflite file, and pass that."),
    ):
        result = run("compile", name)
        assert (result.exit_code, result.stderr) == (2, f"tinyml: '{name}' {message}\n")


@pytest.mark.parametrize("command", ["generate", "compile", "parity", "fit"])
def test_a_name_with_a_dot_means_a_file(command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = run(command, "notes.md")
    assert (result.exit_code, result.stderr) == (2, "tinyml: there is no file 'notes.md'.\n")
    Path("notes.md").touch()
    result = run(command, "notes.md")
    message = "notes.md: the file is empty. Copy or convert the model again."
    assert (result.exit_code, result.stderr) == (2, f"tinyml: {message}\n")


def test_lr_is_short_for_learning_rate() -> None:
    message = "--learning-rate is -1; it must be a finite number above 0, such as 0.01."
    for option in ("--lr", "--learning-rate"):
        result = run("train", "linear", option, "-1")
        assert (result.exit_code, result.stderr) == (2, f"tinyml: {message}\n")


def test_one_bad_model_does_not_stop_the_others(tmp_path: Path) -> None:
    result = run("--artifacts", str(tmp_path), "parity")
    assert result.exit_code == 1
    assert len(result.stderr.splitlines()) == len(json.loads(run("models", "--json").output))


@pytest.mark.parametrize("command", ["models", "doctor"])
def test_json_is_json(command: str) -> None:
    assert isinstance(json.loads(run(command, "--json").output), list)


def test_models_lists_every_model_with_its_summary() -> None:
    output = run("models").output
    assert "linear" in output
    assert "y = 2x - 1" in output


def test_a_keyboard_interrupt_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(root: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("tinyml_pipeline.workflow.outcomes.list_models", interrupted)
    result = run("models")
    assert result.exit_code == 130
    assert result.stderr == "\ntinyml: stopped.\n"


def test_the_console_command_is_the_group() -> None:
    assert isinstance(main, click.Group)


WRONG_USE = {
    "an unknown command": (("trian",), "no such command 'trian'. Did you mean 'train'? See: tinyml --help"),
    "an unknown option": (("--foo",), "no such option '--foo'. See: tinyml --help"),
    "an option of a command": (
        ("models", "--foo"),
        "no such option '--foo'. See: tinyml models --help",
    ),
    "no number": (
        ("train", "--epochs", "x"),
        "invalid value for '--epochs': 'x' is not a valid integer. See: tinyml train --help",
    ),
    "one word too many": (("boards", "uno"), "got unexpected extra argument (uno). See: tinyml boards --help"),
    "no time": (
        ("verify", "linear", "--board", "host", "--timeout", "0"),
        "invalid value for '--timeout': 0.0 is not in the range x>0. See: tinyml verify --help",
    ),
    "no emulated board": (
        ("parity", "linear", "--board", "uno"),
        "uno is not an emulated board. To test a connected one: tinyml verify MODEL --board uno",
    ),
    "no model": (("flash", "--board", "uno"), "flash needs a model, such as linear; 'tinyml models' lists them."),
    "nothing at all": (("predict",), "predict needs a model, such as linear; 'tinyml models' lists them."),
}


@pytest.mark.parametrize("case", WRONG_USE)
def test_wrong_use_is_one_line(case: str) -> None:
    arguments, message = WRONG_USE[case]
    result = run(*arguments)
    assert (result.exit_code, result.output) == (2, f"tinyml: {message}\n")


@pytest.mark.parametrize("command", ["firmware", "build", "flash", "verify", "monitor"])
@pytest.mark.parametrize("empty", [(), ("--board", "")])
def test_without_a_board_all_boards_are_named(command: str, empty: tuple[str, ...]) -> None:
    result = run(command, "linear", *empty)
    assert result.exit_code == 2
    assert result.output.startswith(f"tinyml: {command} needs a board, as in --board uno. There are: esp32, esp32c3, ")
    assert result.output.endswith(", sim-uno, uno; 'tinyml boards' says more.\n")


@pytest.mark.parametrize("given", [(), ("BOARD=uno",), ("MODEL=linear",)])
@pytest.mark.parametrize("goal", ["flash", "verify"])
def test_make_asks_for_model_and_board_before_any_work(goal: str, given: tuple[str, ...]) -> None:
    done = make(Path("/"), "-n", goal, *given)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.endswith(
        "*** Say which model and board, as in: make flash MODEL=linear BOARD=uno. .venv/bin/tinyml models and"
        " .venv/bin/tinyml boards list them.  Stop.\n"
    )


def test_make_takes_no_model_as_a_goal() -> None:
    done = make(Path("/"), "-n", "train", "linear")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.endswith(
        "*** There is no goal 'linear'. A model is named by MODEL=, as in: make train MODEL=linear. 'make help' lists"
        " the goals.  Stop.\n"
    )


def test_make_clean_leaves_the_firmware_that_may_be_edited(tmp_path: Path) -> None:
    kept = {"artifacts/README.md", "artifacts/linear/firmware/uno-aot/linear/linear.ino"}
    gone = {"artifacts/linear/model.keras", "artifacts/linear/chirale/linear/linear.ino", "artifacts/.linear.lock",
            "artifacts/adder/model.keras", "artifacts/logs/linear-uno.log", ".venv/bin/tinyml"}  # fmt: skip
    for name in kept | gone:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert make(tmp_path, "clean").returncode == 0
    assert {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()} == kept
    assert sorted(path.name for path in (tmp_path / "artifacts").iterdir()) == ["README.md", "linear"]
