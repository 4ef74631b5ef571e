"""The test that `compile --vectors` writes: it passes, and with one weight changed names the vector that fails."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
from tinyml_pipeline.compiler.compile import Unit, compile_unit
from tinyml_pipeline.compiler.emit.vectors_c import StoredVectors
from tinyml_pipeline.compiler.layout import STATIC, Layout
from tinyml_pipeline.compiler.read_tflite import read_tflite
from tinyml_pipeline.compiler.source_tree import SourceTree
from tinyml_pipeline.compiler.target import Target

from tests.compiler.models import adder
from tests.host import WARNINGS, compile_c, write_tree
from tests.networks import edge_vectors
from tests.oracle import run_tflm

VECTORS = 6
LAYOUTS = {"static": STATIC, "inside": Layout("static", "arena"), "callers": Layout("caller", "arena")}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_it_passes_and_names_the_vector_that_fails(layout: str, tmp_path: Path) -> None:
    graph = read_tflite(adder())
    inputs = [edge_vectors(np.random.default_rng(2), (1, 2), VECTORS)]
    vectors = StoredVectors(inputs, run_tflm(adder(), inputs))
    tree = compile_unit(Unit(graph, "sum", vectors=vectors), Target(), layout=LAYOUTS[layout])
    changed, count = re.subn(r"(sum_dense_2_weights\[3\] SUM_CONST = \{)-?\d+", r"\g<1>127", tree["sum.c"])
    assert count == 1
    for text, verdict in ((tree["sum.c"], "PASS, 6 vectors"), (changed, "FAIL, ")):
        folder = tmp_path / verdict[:4]
        sources = write_tree(SourceTree({**tree, "sum.c": text}), folder)
        done = subprocess.run([compile_c(sources, folder / "run", *WARNINGS)], capture_output=True, text=True)
        assert done.returncode == (verdict == "FAIL, ")
        assert f"sum: {verdict}" in done.stdout
    first = re.search(r"^sum: vector (\d): out\[0\] is -?\d+ instead of -?\d+$", done.stdout, re.MULTILINE)
    assert first is not None, done.stdout
    assert re.search(rf"^sum: FAIL, \d of 6 vectors, the first is {first[1]}$", done.stdout, re.MULTILINE)
