"""Small files on which 0.1 failed, if they are at hand: what the compiler says of each, or that it equals TFLM."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tinyml_pipeline.compiler.read_tflite import read_tflite
from tinyml_pipeline.errors import PipelineError

from tests.host import compile_model, run_library
from tests.networks import edge_vectors
from tests.oracle import run_tflm
from tests.tflite_writer import Writer

FOLDER = Path(__file__).parents[3] / "shared" / "cases" / "tflite"


def read(name: str) -> bytes:
    path = FOLDER / f"{name}.tflite"
    if not path.exists():
        pytest.skip(f"{path} is not here")
    return path.read_bytes()


EQUAL = """
convT dead_relu dilated dyn_batch gap in_is_out lenet name_esc name_int permute residual scalar two_out
""".split()  # noqa: SIM905


@pytest.mark.parametrize("name", EQUAL)
def test_equal_to_tflm(name: str, tmp_path: Path) -> None:
    tflite = read(name)
    graph = read_tflite(tflite)
    rng = np.random.default_rng(0)
    inputs = [edge_vectors(rng, graph.tensors[index].shape, 300) for index in graph.inputs]
    for got, wanted in zip(run_library(compile_model(tflite), inputs, tmp_path), run_tflm(tflite, inputs), strict=True):
        np.testing.assert_array_equal(got, wanted)


STATE = " keeps its value from one inference to the next (a variable tensor); supported as plain C: models without "
REFUSED = {
    "fc_shape_a": "fully_connected (op 0): an output of shape [1, 6] is unsupported; ",
    "fc_shape_c": "fully_connected (op 0): an output of shape [3, 2] is unsupported; ",
    "fc_shape_e": "fully_connected (op 0): an output of shape [6, 1] is unsupported; ",
    "variable": "tensor 1 ('t1')" + STATE,
    "variable_out": "tensor 1 ('t1')" + STATE,
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_by_name(name: str) -> None:
    with pytest.raises(PipelineError) as caught:
        compile_model(read(name))
    assert str(caught.value).startswith(REFUSED[name])


def variable(*, as_output: bool) -> bytes:
    writer = Writer()
    source, state, output = (writer.tensor((1, 4), 0.1, 0) for _ in range(3))
    writer.tensors[state].isVariable = True
    writer.operation("ADD", [source, source if as_output else state], [output])
    return writer.build([source], [output, state] if as_output else [output])


@pytest.mark.parametrize("as_output", [False, True])
def test_state_is_refused_by_name(*, as_output: bool) -> None:
    with pytest.raises(PipelineError) as caught:
        compile_model(variable(as_output=as_output))
    assert str(caught.value) == (
        "tensor 1 ('t1') keeps its value from one inference to the next (a variable tensor); supported as plain C:"
        " models without state. Convert it without state, or run it in TFLM: tinyml generate."
    )


def test_a_resource_variable_is_refused_by_name() -> None:
    writer = Writer()
    source, output = writer.tensor((1, 4), 0.1, 0), writer.tensor((1, 4), 0.1, 0)
    handle = writer.tensor((1,), type="RESOURCE")
    writer.operation("VAR_HANDLE", [], [handle])
    writer.operation("ASSIGN_VARIABLE", [handle, source], [])
    writer.operation("RELU", [source], [output])
    with pytest.raises(PipelineError, match=r"^var_handle \(op 0\) keeps a value from one inference to the next"):
        compile_model(writer.build([source], [output]))
