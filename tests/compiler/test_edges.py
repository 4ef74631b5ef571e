"""Float32 or uint8 around an int8 core: taken as it is, asked in its own type, and the same bytes inside."""

from __future__ import annotations

import ctypes
import itertools
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from tinyml_pipeline.compiler.edges import model_edges
from tinyml_pipeline.compiler.read_tflite import read_tflite
from tinyml_pipeline.host.interpreters.tflm import TflmInterpreter
from tinyml_pipeline.quantization.quantized_model import QuantizedPort, load_quantized

from tests.host import WARNINGS, compile_c, compile_model, run_library
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


# (type, scale, zero point) of the file's tensor, and of the one between it and int8 if there is one.
WIDE = {
    "INT16": [("INT16", 0.001, 5)],
    "UINT8": [("UINT8", 0.07, 17)],
    "FLOAT32": [("FLOAT32", None, 0), ("INT16", 0.001, -3)],
    "INT32": [("INT32", 1e-7, 0)],
}


def between(first: str, last: str) -> bytes:
    """The LEAKY_RELU between ports of these types, which QUANTIZE and DEQUANTIZE convert to and from int8."""
    writer = Writer()
    inside = [writer.tensor((1, 1), scale, zero_point) for scale, zero_point in SCALES]
    ends = list(inside)
    for position, kind in enumerate((first, last)):
        chain = [ends[position]]
        for name, scale, zero_point in reversed(WIDE.get(kind, [])):
            chain.insert(0, writer.tensor((1, 1), scale, zero_point, type=name))
        chain = chain if position == 0 else chain[::-1]
        for pair in itertools.pairwise(chain):
            to_float = writer.tensors[pair[1]].quantization is None
            writer.operation("DEQUANTIZE" if to_float else "QUANTIZE", pair[:1], pair[1:])
        ends[position] = chain[0] if position == 0 else chain[-1]
        if position == 0:
            writer.operation("LEAKY_RELU", [inside[0]], [inside[1]], alpha=0.3)
    return writer.build(ends[:1], ends[1:])


@pytest.mark.parametrize(
    ("first", "last"),
    [("INT16", "INT8"), ("UINT8", "INT8"), ("FLOAT32", "FLOAT32"), ("INT8", "INT16"), ("INT8", "UINT8"),
     ("INT16", "INT32")],
)  # fmt: skip
def test_ports_of_other_types(first: str, last: str, tmp_path: Path) -> None:
    """Every value of the input, and the helpers of the header against those of Python."""
    tflite = between(first, last)
    model = load_quantized(tflite, "edges")
    (given,), (made,) = model.inputs, model.outputs
    assert (given.type, made.type) == (first, last)
    every = np.arange(given.dtype.lowest, given.dtype.highest + 1, dtype=given.dtype.numpy)[:, None]
    (answers,) = TflmInterpreter(model).invoke([every])
    (edge,), (outer,) = model_edges(read_tflite(tflite))
    (own,) = run_tflm(tflite, [edge.to_own(every)[:, None]])
    np.testing.assert_array_equal(outer.to_own(answers), own)
    compiled = compile_model(tflite)
    (ran,) = run_library(compiled, [every], tmp_path)
    assert ran.dtype == made.dtype.numpy
    np.testing.assert_array_equal(ran, answers)
    real = np.array(
        [0, 1.7, -2.3, 1e30, -1e30, np.nan, np.inf, *np.random.default_rng(0).normal(0, 9, 500)], np.float32
    )
    np.testing.assert_array_equal(helper(tmp_path, "in", given, real), given.quantize(real))
    np.testing.assert_array_equal(helper(tmp_path, "out", made, ran[::7].ravel()), made.dequantize(ran[::7].ravel()))


def helper(folder: Path, role: str, port: QuantizedPort, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """What model_quantize_in or model_dequantize_out of the compiled header make of these."""
    stored = port.dtype.c_type
    into, out_of, kind, name = (
        ("float", stored, port.dtype.numpy, "quantize") if role == "in" else (stored, "float", np.float32, "dequantize")
    )
    source = folder / f"{name}.c"
    source.write_text(
        f'#include "model.h"\n#include <stddef.h>\nvoid run(const {into} *given, {out_of} *made, size_t count);\n'
        f"void run(const {into} *given, {out_of} *made, size_t count)\n{{\n    for (size_t i = 0; i < count; i++) {{\n"
        f"        made[i] = model_{name}_{role}(given[i]);\n    }}\n}}\n"
    )
    library = ctypes.CDLL(str(compile_c([source], folder / f"{name}.so", "-shared", "-fPIC", *WARNINGS)))
    made = np.zeros(values.shape, kind)
    pointers = [np.ascontiguousarray(array).ctypes.data_as(ctypes.c_void_p) for array in (values, made)]
    library.run(*pointers, ctypes.c_size_t(values.size))
    return made
