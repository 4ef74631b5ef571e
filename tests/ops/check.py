"""One layer as C against TFLM, for every way in which it may be compiled."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from tinyml_pipeline.compiler.target import Target
from tinyml_pipeline.errors import UnsupportedError

from tests.host import compile_model, run_library
from tests.oracle import run_tflm
from tests.tflite_writer import Writer

Int8Array = npt.NDArray[np.int8]
TARGETS = (Target(optimize="size"), Target(optimize="speed"))
EVERY_VALUE = np.arange(-128, 128, dtype=np.int8)


def assert_exact(tflite: bytes, inputs: Sequence[Int8Array], folder: Path, targets: Sequence[Target] = TARGETS) -> None:
    """0 differences between the compiled C and TFLM."""
    expected = run_tflm(tflite, inputs)
    for number, target in enumerate(targets):
        place = folder / f"{number}"
        place.mkdir()
        actual = run_library(compile_model(tflite, target), inputs, place, "-O1")
        for output, (got, wanted) in enumerate(zip(actual, expected, strict=True)):
            np.testing.assert_array_equal(got, wanted, err_msg=f"output {output}, {target}")


def assert_refused(tflite: bytes, message: str) -> None:
    with pytest.raises(UnsupportedError, match=f"^{re.escape(message)}$"):
        compile_model(tflite)


def unary(
    name: str,
    *,
    scale: float = 0.1,
    zero_point: int = 0,
    output_scale: float = 0.1,
    output_zero_point: int = 0,
    shape: Sequence[int] = (256,),
    **options: object,
) -> bytes:
    """A model of one operation from one int8 tensor to another of the same shape."""
    writer = Writer()
    source = writer.tensor(shape, scale, zero_point)
    output = writer.tensor(shape, output_scale, output_zero_point)
    writer.operation(name, [source], [output], **options)
    return writer.build([source], [output])


def with_tensors(build: Callable[[Writer], tuple[list[int], list[int]]]) -> bytes:
    """`build` adds tensors and operations and returns the model's inputs and outputs."""
    writer = Writer()
    return writer.build(*build(writer))
