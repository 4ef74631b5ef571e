"""The notebooks of examples/, executed; and their first cell, which must not replace what a notebook has."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import os
import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from IPython.core.inputtransformer2 import TransformerManager
from nbclient import NotebookClient

from tests.documentation import ROOT

EXAMPLES = ROOT / "examples"
NAMES = ["line", "own_model"]


def test_every_notebook_is_here() -> None:
    assert sorted(path.stem for path in EXAMPLES.glob("*.ipynb")) == NAMES


def run(name: str, folder: Path) -> nbformat.NotebookNode:
    """Executed in `folder`, with this repository's package. Raises CellExecutionError with the cell's traceback."""
    notebook = nbformat.read(EXAMPLES / f"{name}.ipynb", 4)
    client = NotebookClient(notebook, timeout=600, kernel_name="python3", resources={"metadata": {"path": str(folder)}})
    client.execute(
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT / "pipeline"),
            "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        }
    )
    return notebook


def outputs(notebook: nbformat.NotebookNode, kind: str) -> list[str]:
    """Everything of one kind, such as text/html, that the cells showed."""
    found = []
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            found.append(output.text if kind == "text" and "text" in output else output.get("data", {}).get(kind, ""))
    return [text for text in found if text]


def test_line(tmp_path: Path) -> None:
    done = run("line", tmp_path)
    (report,) = outputs(done, "text/html")
    assert "verified on every possible input (256)" in report
    assert "C on the host = TFLM" in report
    text = "\n".join(outputs(done, "text"))
    assert "void line_invoke(const int8_t *" in text
    assert "fully_connected_dsp_s8" in text or "fully_connected_s8" in text
    assert outputs(done, "image/png"), "the picture"
    assert (tmp_path / "firmware/line/line.c").is_file()


def test_own_model(tmp_path: Path) -> None:
    done = run("own_model", tmp_path)
    (report,) = outputs(done, "text/html")
    assert "C on the host = TFLM" in report
    assert "FAIL" not in report
    right = re.search(r"right: Keras (\S+)%, int8 (\S+)%", "\n".join(outputs(done, "text")))
    assert right is not None
    assert float(right[2]) > 90
    assert (tmp_path / "sketch/motion/motion.ino").is_file()
    assert (tmp_path / "sketch.zip").is_file()
    assert (tmp_path / "firmware/motion/motion.c").is_file()


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_is_kept_without_outputs(name: str) -> None:
    """So that nothing of the machine on which it ran is in it."""
    text = (EXAMPLES / f"{name}.ipynb").read_text(encoding="utf-8")
    for cell in json.loads(text)["cells"]:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None
    assert not re.search(r'(?<![\w."])/(?:home|work|root|tmp|Users)\b', text)
    assert "it was not run there" in text


class Shell:
    """What a cell asks IPython for."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []

    def run_line_magic(self, name: str, line: str) -> None:
        self.asked.append((name, line))


def run_first_cell(name: str) -> Shell:
    notebook = nbformat.read(EXAMPLES / f"{name}.ipynb", 4)
    first = next(cell.source for cell in notebook.cells if cell.cell_type == "code")
    shell, scope = Shell(), dict[str, Any]()
    scope["get_ipython"] = lambda: shell
    exec(compile(TransformerManager().transform_cell(first), name, "exec"), scope)
    shell.asked = [(magic, line.format(**scope)) for magic, line in shell.asked]
    return shell


@pytest.mark.parametrize("name", NAMES)
def test_the_first_cell_installs_the_wheel_beside_what_the_notebook_has(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run_first_cell(name).asked == [], "the package is here already"
    monkeypatch.setattr(importlib.util, "find_spec", lambda module: None)
    (tmp_path / "tinyml_pipeline-0.2.0-py3-none-any.whl").touch()
    assert run_first_cell(name).asked == [
        ("pip", 'install --quiet --constraint kept.txt "tinyml_pipeline-0.2.0-py3-none-any.whl"')
    ]
    kept = (tmp_path / "kept.txt").read_text().split()
    for package in ("tensorflow", "keras", "numpy"):
        assert f"{package}=={importlib.metadata.version(package)}" in kept
