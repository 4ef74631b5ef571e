"""A current folder in which nothing can be written: one line that says so, and what writes no files still works.

Root may write everywhere, so as root the commands run without that right.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.firmware import linear_tflite
from tests.tools import need

WRITES = {
    "compile neuron.tflite": "artifacts/neuron",
    "generate neuron.tflite": "artifacts/neuron",
    "graph neuron.tflite --format dot": "artifacts/neuron",
    "firmware neuron.tflite --board uno": "artifacts/neuron",
    "build neuron.tflite --board sim-uno": "artifacts/neuron",
    "train linear": "artifacts/linear",
    "convert linear": "artifacts/linear",
    "lesson descent": "artifacts/lessons",
}
RUN_ALL = """
import json, sys
from click.testing import CliRunner
from tinyml_pipeline.cli import main
results = [CliRunner().invoke(main, command.split(), catch_exceptions=False) for command in sys.argv[1:]]
print(json.dumps([[result.exit_code, result.stderr] for result in results]))
"""


@pytest.fixture
def closed(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "closed"
    folder.mkdir()
    (folder / "neuron.tflite").write_bytes(linear_tflite())
    folder.chmod(0o555)
    yield folder
    folder.chmod(0o755)


def run(folder: Path, *commands: str) -> list[tuple[int, str]]:
    as_user: list[str] = []
    if os.geteuid() == 0:
        as_user = [need("setpriv", "util-linux"), "--bounding-set=-dac_override,-dac_read_search"]
    environment = {**os.environ, "HOME": str(folder)}  # the cache lies there
    environment.pop("TINYML_ARTIFACTS", None)
    command = [*as_user, sys.executable, "-c", RUN_ALL, *commands]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=True)
    return [(code, said) for code, said in json.loads(done.stdout)]


def test_a_command_that_writes_says_that_it_cannot(closed: Path) -> None:
    for (command, place), found in zip(WRITES.items(), run(closed, *WRITES), strict=True):
        assert found == (
            1,
            f"tinyml: {place} cannot be written (Permission denied). Nothing was changed; fix its permissions, or"
            " choose another folder.\n",
        ), command
    assert [path.name for path in closed.iterdir()] == ["neuron.tflite"]


def test_a_project_is_not_begun(closed: Path) -> None:
    for place, found in zip((".", "mine"), run(closed, "init .", "init mine"), strict=True):
        said = f"{place} cannot be written (Permission denied). Nothing was left there; choose another folder."
        assert found == (1, f"tinyml: {said}\n")


def test_what_writes_no_file_works(closed: Path) -> None:
    need("g++", "g++")
    for code, said in run(closed, "models", "parity neuron.tflite --board host"):
        assert code == 0, said
