"""`tinyml graph`: every format is drawn, the same each time, with the int8 form once there is one."""

from __future__ import annotations

import shutil
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from pipeline.workflow.graph import graph
from tests.workflow.conftest import tinyml

STARTS = {"svg": b"<?xml", "png": b"\x89PNG", "dot": b"digraph network {\n", "cypher": b"// adder, float, SHA-256 "}


@pytest.mark.parametrize("form", STARTS)
def test_a_network_is_drawn_before_and_after_quantization(road: Path, tmp_path: Path, form: str) -> None:
    shutil.copytree(road / "adder", tmp_path / "adder")
    found = graph("adder", tmp_path, form)
    assert (found.forms, found.parameters) == (("float", "int8"), 1191)
    first = Path(found.path).read_bytes()
    assert first.startswith(STARTS[form])
    if form == "svg":
        ET.fromstring(first)
    graph("adder", tmp_path, form)
    assert Path(found.path).read_bytes() == first


def test_the_weights_of_linear_are_those_of_keras(road: Path, tmp_path: Path) -> None:
    shutil.copytree(road / "linear", tmp_path / "linear")
    done = tinyml(tmp_path, "graph", "linear", "--format", "dot")
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"linear: float and int8, 2 parameters, drawn in {tmp_path}/linear/network.dot\n"
    text = (tmp_path / "linear/network.dot").read_text()
    assert '"float_0_0" -> "float_1_0" [label="1.997"];' in text
    assert '"int8_0_0" -> "int8_1_0" [label="127"];' in text


REFUSED = {
    "format": (["linear", "--format", "gif"], 2, "there is no format 'gif'; choose one of: svg, png, dot, cypher."),
    "model": (["ader"], 2, "there is no model 'ader'. Did you mean 'adder'?"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_is_one_line(tmp_path: Path, case: str) -> None:
    arguments, code, message = REFUSED[case]
    done = tinyml(tmp_path, "graph", *arguments)
    assert (done.returncode, done.stderr) == (code, f"tinyml: {message}\n")
