"""The ahead-of-time runtime at the seam: the compiler's files under the board's folder, and its refusals."""

from __future__ import annotations

import numpy as np
import pytest
from tinyml_pipeline.boards.catalog import load_board
from tinyml_pipeline.compiler.compile import compile_graph
from tinyml_pipeline.errors import UnsupportedError
from tinyml_pipeline.quantization.quantized_model import Vectors, load_quantized
from tinyml_pipeline.runtimes.aot import AotRuntime
from tinyml_pipeline.runtimes.runtime import Oracle, Runtime

from tests.compiler.models import linear
from tests.tflite_writer import Writer

RUNTIME = AotRuntime(compile_graph)
BOARD = load_board("sim-cortex-m4")


def oracle() -> Oracle:
    return Oracle(Vectors((np.zeros((1, 1), np.int8),), (np.zeros((1, 1), np.int8),)), 0)


def test_it_is_a_runtime() -> None:
    runtime: Runtime[object] = RUNTIME  # type: ignore[assignment]
    assert runtime.name == "aot"


def test_files_lie_in_the_folder_of_the_board() -> None:
    model = load_quantized(linear(), "linear")
    RUNTIME.check(model, BOARD)
    tree = RUNTIME.sources(model, BOARD, oracle())
    assert {"sim-cortex-m4/linear.c", "sim-cortex-m4/linear.h", "sim-cortex-m4/kernels/common/port.h"} <= set(tree)


def test_what_the_compiler_refuses_is_refused() -> None:
    writer = Writer()
    source, output = writer.tensor((1, 4), 0.1, 0), writer.tensor((1, 4), 0.1, 0)
    writer.operation("GELU", [source], [output])
    model = load_quantized(writer.build([source], [output]), "gelu")
    with pytest.raises(UnsupportedError, match=r"^gelu \(op 0\): this operator, of which TFLM has no int8 form, is"):
        RUNTIME.check(model, BOARD)
