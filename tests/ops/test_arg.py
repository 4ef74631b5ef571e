"""ARG_MAX and ARG_MIN: every axis, equal values, int32 outputs of the model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import pytest
from tinyml_pipeline.compiler.dtypes import DType
from tinyml_pipeline.errors import ModelFileError, UnsupportedError
from tinyml_pipeline.host.interpreters.tflm import TflmInterpreter
from tinyml_pipeline.quantization.quantized_model import load_quantized
from tinyml_pipeline.runtimes.template_values import model_values

from tests.host import compile_model
from tests.networks import Builder, Known
from tests.ops.check import Build, T, exact, model_of, one, refused


def arg(name: str, shape: Sequence[int], axis: int, *, type: str = "INT32", given: str = "INT8",
        wanted: Sequence[int] | None = None) -> Build:  # fmt: skip
    made = np.delete(shape, axis) if wanted is None else wanted
    inputs = [T(tuple(shape), 0.1, 3, given), T((), type="INT32", data=axis)]
    return one(name, inputs, [T(tuple(made), type=type)])


SHAPES = {"vector": ((7,), 0), "last": ((3, 5), -1), "first": ((4, 3), 0), "middle": ((2, 3, 4), 1), "one": ((2, 1), 1),
          "image": ((1, 4, 3, 5), 3), "long": ((1, 300), 1)}  # fmt: skip
CASES = {f"{name[4:].lower()}_{case}": arg(name, *SHAPES[case]) for name in ("ARG_MAX", "ARG_MIN") for case in SHAPES}
# All pairs of neighbours that are equal, or one apart, in three values.
NEAR = np.stack(np.meshgrid(*[[-128, -127, 0, 126, 127]] * 3), axis=-1).reshape(-1, 3).astype(np.int8)
CASES |= {
    "max_one_sample": arg("ARG_MAX", (1, 4), 1),
    "max_near": arg("ARG_MAX", (3,), 0),
    "min_near": arg("ARG_MIN", (3,), 0),
}
REFUSED = {
    "int64_output": (
        arg("ARG_MAX", (2, 3), 1, type="INT64"),
        "arg_max (op 0): an output of type INT64 is unsupported; supported: INT32.",
    ),
    "int16_input": (
        arg("ARG_MIN", (2, 3), 1, given="INT16"),
        "arg_min (op 0): an input of type INT16 is unsupported; supported: INT8.",
    ),
    "axis": (
        arg("ARG_MAX", (2, 3), 2, wanted=(2,)),
        "arg_max (op 0): axis 2 of 2 is unsupported; supported: an axis of the input.",
    ),
    "kept_dimension": (
        arg("ARG_MAX", (2, 3), 1, wanted=(2, 1)),
        "arg_max (op 0): an output of shape [2, 1] is unsupported; supported: [2].",
    ),
}
test_exact = exact(CASES, {"max_near": [NEAR], "min_near": [NEAR]})
test_refused = refused(REFUSED)


def test_the_header_of_an_int32_output_has_no_scale() -> None:
    text = compile_model(model_of(CASES["max_last"])).tree["model.h"]
    assert "void model_invoke(const int8_t *in, int32_t *out);" in text
    assert "MODEL_OUT_SIZE 3" in text
    assert "MODEL_OUT_SCALE" not in text
    assert "model_dequantize_out" not in text


def test_an_int32_output_in_the_other_runtimes() -> None:
    """Its port is what it says, TFLM answers in int32, a sketch refuses it in one line."""
    model = load_quantized(model_of(CASES["max_one_sample"]), "picked")
    (port,) = model.outputs
    assert (port.dtype, port.scale, port.zero_point) == (DType.INT32, 1.0, 0)
    (answers,) = TflmInterpreter(model).invoke([np.array([[1, 5, 5, -3], [9, 1, 2, 3]], np.int8)])
    assert answers.dtype == np.int32
    assert answers.ravel().tolist() == [1, 0]
    with pytest.raises(UnsupportedError, match=r"^picked: output 't2' is int32; supported in sketches: int8\. "):
        model_values(model, cast(Any, object()))


def test_an_int32_input_is_refused() -> None:
    tflite = model_of(one("RESHAPE", [T((1, 4), type="INT32")], [T((4,), type="INT32")], newShape=[4]))
    with pytest.raises(ModelFileError, match=r"^whole: its inputs or outputs are int32; supported: int8\. "):
        load_quantized(tflite, "whole")


def _draw(builder: Builder, source: Known, name: str) -> None:
    """An output of the model at the side: no layer reads int32."""
    if not source.shape:
        return
    axis = int(builder.rng.integers(len(source.shape)))
    shape = (*source.shape[:axis], *source.shape[axis + 1 :])
    output = builder.writer.tensor(shape, type="INT32")
    place = builder.writer.tensor((), type="INT32", data=axis)
    builder.writer.operation(name, [source.index, place], [output])
    builder.ends.append(output)


draws = {
    "arg_max": lambda builder, source: _draw(builder, source, "ARG_MAX"),
    "arg_min": lambda builder, source: _draw(builder, source, "ARG_MIN"),
}
