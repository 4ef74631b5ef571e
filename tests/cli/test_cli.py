"""The command line: starts light, explains itself, and says every trouble in one line with its exit code."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from pipeline.cli import main

README = (Path(__file__).parents[2] / "README.md").read_text()
COMMANDS = sorted(main.commands)
HEAVY = {"tensorflow", "keras", "numpy", "matplotlib", "rich", "jinja2", "tflite_runtime", "tflite_micro", "filelock"}


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments, catch_exceptions=False)


def test_help_imports_nothing_heavy() -> None:
    code = "import sys\nsys.argv = ['tinyml', '--help']\nfrom pipeline.cli import main\ntry: main()\n"
    code += "except SystemExit: print(*{name.split('.')[0] for name in sys.modules}, sep='\\n', file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "Usage: tinyml" in done.stdout
    assert not HEAVY & set(done.stderr.split())


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(command: str) -> None:
    result = run(command, "--help")
    assert result.exit_code == 0
    assert "Example: tinyml " + command in result.output


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_stands_in_the_readme(command: str) -> None:
    assert f"tinyml {command}" in README


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

    monkeypatch.setattr("pipeline.workflow.outcomes.list_models", interrupted)
    result = run("models")
    assert result.exit_code == 130
    assert result.stderr == "\ntinyml: stopped; what was there before is unchanged.\n"


def test_the_console_command_is_the_group() -> None:
    assert isinstance(main, click.Group)
