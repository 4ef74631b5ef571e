"""Small files on which 0.1 failed, if they are at hand: what the compiler says of each, or that it equals TFLM."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from tinyml_pipeline.compiler.graph import Tensor
from tinyml_pipeline.compiler.passes import run_passes
from tinyml_pipeline.compiler.read_tflite import read_tflite
from tinyml_pipeline.errors import ModelFileError, PipelineError
from tinyml_pipeline.host.interpreters.one_operation import run_operation
from tinyml_pipeline.quantization.quantized_model import load_quantized

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


# Files that the compiler takes, and TFLM runs.
EQUAL = """
act_hard_swish big_dense bn_dense convT dead_relu deep_2000 dense_3d dilated dyn_batch float_io gap in_is_out
int8_in_float_out leaky_thresh lenet lstm_unroll name_esc name_int permute prelu residual scalar
sensors_submul softmax_3d sub_mul tanh16384 two_in two_out uint8_io
""".split()  # noqa: SIM905
_VECTORS = {"deep_2000": 8, "tanh16384": 16, "big_dense": 50}


@pytest.mark.parametrize("name", EQUAL)
def test_equal_to_tflm(name: str, tmp_path: Path) -> None:
    tflite = read(name)
    graph = read_tflite(tflite)
    core = run_passes(graph)
    compiled = compile_model(tflite, evaluate=run_operation)
    rng, count = np.random.default_rng(0), _VECTORS.get(name, 300)
    # What the kernels see: float32 and uint8 ports are int8 inside, and the header's helpers convert.
    inside = [edge_vectors(rng, core.tensors[index].shape, count) for index in core.inputs]
    given = [
        outside(values, core.tensors[inner], graph.tensors[outer])
        for values, inner, outer in zip(inside, core.inputs, graph.inputs, strict=True)
    ]
    ran = run_library(compiled, inside, tmp_path)
    for got, wanted, inner, outer in zip(ran, run_tflm(tflite, given), core.outputs, graph.outputs, strict=True):
        np.testing.assert_array_equal(outside(got, core.tensors[inner], graph.tensors[outer]), wanted)


def outside(values: npt.NDArray[Any], inner: Tensor, outer: Tensor) -> npt.NDArray[Any]:
    """Int8 values as a port of type float32, uint8 or int8 has them."""
    if outer.type == "UINT8":
        return (values.astype(np.int16) + 128).astype(np.uint8)
    if outer.type == "FLOAT32":
        assert inner.quantization is not None
        steps = values.astype(np.int32) - inner.quantization.zero_point
        return (np.float32(inner.quantization.scale) * steps.astype(np.float32)).astype(np.float32)
    return values


STATE = " keeps its value from one inference to the next (a variable tensor); supported as plain C: models without "
REFUSED = {
    "fc_shape_a": "fully_connected (op 0): an output of shape [1, 6] is unsupported; ",
    "fc_shape_c": "fully_connected (op 0): an output of shape [3, 2] is unsupported; ",
    "fc_shape_e": "fully_connected (op 0): an output of shape [6, 1] is unsupported; ",
    "int16x8": "fully_connected (op 0): input of type INT16 is unsupported; ",
    "relu_noio": "relu (op 0) has no inputs; RELU has 1. Convert the model again.",
    "upsample": "tile (op 1): this operator",
    "variable": "tensor 1 ('t1')" + STATE,
    "variable_out": "tensor 1 ('t1')" + STATE,
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_by_name(name: str) -> None:
    with pytest.raises(PipelineError) as caught:
        compile_model(read(name))
    assert str(caught.value).startswith(REFUSED[name])


def test_ports_of_megabytes_are_refused() -> None:
    """The compiler itself would take 3 MB of input; what a proof or a sketch would make of it is 2 GB."""
    with pytest.raises(ModelFileError, match=r"^io_3m: tensor 't0' has 3,000,000 values"):
        load_quantized(read("io_3m"), "io_3m")


def test_every_file_has_its_answer() -> None:
    if not FOLDER.is_dir():
        pytest.skip(f"{FOLDER} is not here")
    assert {path.stem for path in FOLDER.glob("*.tflite")} == {*EQUAL, *REFUSED, "io_3m"}


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
