"""Closed, full and unread streams, no Unicode, no width, long names: no traceback, for every command there is."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from tinyml_pipeline.cli import main

ROOT = Path(__file__).parents[2]


def shell(command: str) -> subprocess.CompletedProcess[str]:
    tinyml = f"'{sys.executable}' -m tinyml_pipeline.cli"
    line = command.replace("tinyml", tinyml, 1)
    return subprocess.run(["bash", "-c", line], capture_output=True, text=True, cwd=ROOT / "pipeline", check=False)


@pytest.mark.slow
def test_no_command_has_a_traceback_in_any_state_of_its_streams() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.cli.stream_states"], capture_output=True, text=True, cwd=ROOT, check=True
    )
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert {row["command"][0] for row in rows} == set(main.commands)
    bad = [
        row
        for row in rows
        if row["code"] not in (0, 1, 2, 141) or "Traceback" in "".join(row["said"]) or "fault of" in row["said"][1]
    ]
    assert bad == []


def test_a_full_output_is_one_line() -> None:
    done = shell("tinyml models > /dev/full")
    assert (done.returncode, done.stderr) == (
        1,
        "tinyml: the output cannot be written (No space left on device).\n",
    )


@pytest.mark.parametrize("close", [">&-", "2>&-", "<&-", "<&- >&- 2>&-"])
def test_closed_streams_are_as_dev_null(close: str) -> None:
    done = shell(f"tinyml models {close}")
    assert (done.returncode, done.stderr) == (0, "")


def test_an_error_is_one_line_and_debug_adds_its_traceback(tmp_path: Path) -> None:
    line = "tinyml: there is no model 'ader'. Did you mean 'adder'?\n"
    for arguments in (["--debug", "train", "ader"], ["train", "ader", "--debug"]):
        result = CliRunner().invoke(main, arguments)
        assert result.exit_code == 2
        assert result.stderr.startswith("Traceback (most recent call last):\n")
        assert result.stderr.endswith(line)
    assert CliRunner().invoke(main, ["train", "ader"]).stderr == line


def test_a_fault_of_our_own_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("no reason")

    monkeypatch.setattr("tinyml_pipeline.workflow.boards.list_boards", broken)
    result = CliRunner().invoke(main, ["boards"])
    assert (result.exit_code, result.stderr) == (
        70,
        "tinyml: a fault of tinyml itself (ZeroDivisionError: no reason). See where, for a report: the same with"
        " --debug.\n",
    )
