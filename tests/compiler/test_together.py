"""Several models in one firmware: one copy of each kernel, the same bytes, and no name that two of them have."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
from tinyml_pipeline.compiler.compile import Unit, compile_together
from tinyml_pipeline.compiler.read_tflite import read_tflite
from tinyml_pipeline.compiler.target import Target, find_target
from tinyml_pipeline.errors import UnsupportedError

from tests.compiler.models import adder, linear
from tests.host import WARNINGS, compile_c, write_tree
from tests.networks import LAYERS, edge_vectors, make_network
from tests.oracle import run_tflm
from tests.tools import need

_MAIN = """#include <stdio.h>
#include "linear.h"
#include "adder.h"
int main(void)
{
    int8_t x[LINEAR_IN_SIZE + ADDER_IN_SIZE], y[LINEAR_OUT_SIZE + ADDER_OUT_SIZE];
    while (fread(x, 1, sizeof x, stdin) == sizeof x) {
        linear_invoke(x, y);
        adder_invoke(x + LINEAR_IN_SIZE, y + LINEAR_OUT_SIZE);
        fwrite(y, 1, sizeof y, stdout);
    }
    return 0;
}
"""


def units() -> list[Unit]:
    return [Unit(read_tflite(linear()), "linear"), Unit(read_tflite(adder()), "adder")]


@pytest.mark.parametrize("target", ["portable", "cortex-m4"])
def test_models_called_alternately_answer_as_tflm(target: str, tmp_path: Path) -> None:
    tree = compile_together(units(), find_target(target))
    sources = [*write_tree(tree, tmp_path), tmp_path / "main.c"]
    sources[-1].write_text(_MAIN)
    program = compile_c(sources, tmp_path / "both", *WARNINGS, "-Os")
    rng = np.random.default_rng(0)
    inputs = [edge_vectors(rng, shape, 500) for shape in ((1, 1), (1, 2))]
    stream = np.concatenate([array.reshape(500, -1) for array in inputs], axis=1).tobytes()
    done = subprocess.run([program], input=stream, capture_output=True, check=True)
    answers = np.frombuffer(done.stdout, np.int8).reshape(500, 2)
    wanted = [run_tflm(tflite, [array])[0] for tflite, array in zip((linear(), adder()), inputs, strict=True)]
    np.testing.assert_array_equal(answers, np.concatenate([array.reshape(500, -1) for array in wanted], axis=1))


def test_what_several_models_call_is_there_once(tmp_path: Path) -> None:
    """And nowhere else: what one model alone calls stays its own."""
    tree = compile_together(units(), Target())
    assert tree["kernels/shared.c"].count("fully_connected_s8(layer, in, out);") == 1
    objects = []
    for source in write_tree(tree, tmp_path):
        objects.append(source.with_suffix(".o"))
        compile_c([source], objects[-1], "-c", "-Os")
    symbols = {}
    for path in objects:
        command = [need("nm", "binutils"), "--defined-only", path]
        symbols[path.stem] = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    (name,) = [line.split()[-1] for line in symbols["shared"].splitlines() if " T " in line]
    assert name.startswith("tinyml_")
    assert name.endswith("_fully_connected_s8")
    for model in ("linear", "adder"):
        assert "fully_connected_s8" not in symbols[model]


@pytest.mark.slow
def test_every_kernel_can_be_shared(tmp_path: Path) -> None:
    """All operators in two models, for several processors: each function is found in its header, and compiles."""
    graph = read_tflite(make_network([(kind, number % 3) for number, kind in enumerate(sorted(LAYERS))], 7).tflite)
    for target in ("portable", "cortex-m4", "avr", "rv32imc"):
        tree = compile_together([Unit(graph, name) for name in ("one", "two")], find_target(target, "speed"))
        called = set(re.findall(r"^    (\w+)\(", tree["one.c"].partition("void one_invoke(")[2], re.MULTILINE))
        assert len(called) > 10
        assert {name for name in called if not name.startswith("tinyml_")} <= {"flash_copy", "memcpy", "one_layer_done"}
        folder = tmp_path / target
        write_tree(tree, folder)
        compile_c([folder / "kernels/shared.c"], folder / "shared.o", "-c", *WARNINGS)


CLASHES = {
    "one_model_twice": (("adder", "adder"), "two models would both have the file adder.c in C"),
    "a_file": (("sum", "sum_weights"), "two models would both have the file sum_weights.h in C"),
}


@pytest.mark.parametrize("case", CLASHES)
def test_names_in_common_are_refused(case: str) -> None:
    names, message = CLASHES[case]
    with pytest.raises(UnsupportedError) as caught:
        compile_together([Unit(read_tflite(adder()), name) for name in names], Target())
    assert str(caught.value) == f"{message}; give them other names with --name."


def test_macros_in_common_are_refused() -> None:
    """Model 'a' with port 'b_x' and model 'a_b' with port 'x'."""
    pair = [
        Unit(read_tflite(linear()), "a", input_names=["b_x"]),
        Unit(read_tflite(linear()), "a_b", input_names=["x"], output_names=["y"]),
    ]
    with pytest.raises(UnsupportedError, match=r"^two models would both have the name A_B_X_SCALE in C; give"):
        compile_together(pair, Target())
