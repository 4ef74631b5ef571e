"""Float32 or uint8 around an int8 core: taken as it is, asked in its own type, and the same bytes inside."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tinyml_pipeline.compiler.edges import model_edges
from tinyml_pipeline.compiler.read_tflite import read_tflite
from tinyml_pipeline.errors import ModelFileError
from tinyml_pipeline.host.interpreters.tflm import TflmInterpreter
from tinyml_pipeline.quantization.quantized_model import load_quantized

from tests.host import compile_model, run_library
from tests.ops.check import EVERY_VALUE
from tests.oracle import run_tflm
from tests.tflite_writer import Writer

SCALES = ((0.1, 3), (0.37, -20))


def around(first: str, last: str, *, uint8_shift: int = 128) -> bytes:
    """A LEAKY_RELU of one value between these types."""
    writer = Writer()
    inside = [writer.tensor((1, 1), scale, zero_point) for scale, zero_point in SCALES]
    ends = list(inside)
    for position, kind in enumerate((first, last)):
        scale, zero_point = SCALES[position]
        if kind == "FLOAT32":
            ends[position] = writer.tensor((1, 1), type="FLOAT32")
        elif kind == "UINT8":
            ends[position] = writer.tensor((1, 1), scale, zero_point + uint8_shift, type="UINT8")
    if ends[0] != inside[0]:
        writer.operation("QUANTIZE", [ends[0]], [inside[0]])
    writer.operation("LEAKY_RELU", [inside[0]], [inside[1]], alpha=0.3)
    if ends[1] != inside[1]:
        writer.operation("DEQUANTIZE" if last == "FLOAT32" else "QUANTIZE", [inside[1]], [ends[1]])
    return writer.build(ends[:1], ends[1:])


TYPES = ("INT8", "UINT8", "FLOAT32")


@pytest.mark.parametrize("last", TYPES)
@pytest.mark.parametrize("first", TYPES)
def test_every_value_passes_both_edges(first: str, last: str, tmp_path: Path) -> None:
    tflite = around(first, last)
    model = load_quantized(tflite, "edges")
    assert (model.inputs[0].type, model.outputs[0].type) == (first, last)
    assert (model.inputs[0].zero_point, model.outputs[0].zero_point) == (3, -20)
    every = EVERY_VALUE[:, None]
    (answers,) = TflmInterpreter(model).invoke([every])
    core = run_tflm(around("INT8", "INT8"), [EVERY_VALUE[:, None, None]])[0]
    np.testing.assert_array_equal(answers, core)
    (compiled,) = run_library(compile_model(tflite), [every], tmp_path)
    np.testing.assert_array_equal(compiled, core)


@pytest.mark.parametrize("kind", ["UINT8", "FLOAT32"])
def test_the_edge_says_what_tflm_says(kind: str) -> None:
    """The file's own numbers, not only those that come back."""
    tflite = around(kind, kind)
    (given,), (made,) = model_edges(read_tflite(tflite))
    own = given.to_own(EVERY_VALUE[:, None, None])
    (answers,) = run_tflm(tflite, [own])
    core = run_tflm(around("INT8", "INT8"), [EVERY_VALUE[:, None, None]])[0]
    np.testing.assert_array_equal(answers, made.to_own(core))
    np.testing.assert_array_equal(made.from_own(answers), core)


def test_a_uint8_edge_of_other_steps_is_refused_as_a_port() -> None:
    with pytest.raises(ModelFileError, match="its inputs or outputs are uint8"):
        load_quantized(around("UINT8", "INT8", uint8_shift=100), "edges")
