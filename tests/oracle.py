"""The oracle of every bit: TFLM itself, as the tflite-micro wheel holds it, on models of any batch and port type."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from tflite_micro.python.tflite_micro import runtime
from tinyml_pipeline.compiler.read_tflite import read_tflite

ARENA_BYTES = 1 << 20


def run_tflm(tflite: bytes, inputs: Sequence[npt.NDArray[Any]]) -> tuple[npt.NDArray[Any], ...]:
    """Outputs of shape (vectors, size), one an output, for inputs of shape (vectors, *shape)."""
    graph = read_tflite(tflite)
    interpreter = runtime.Interpreter.from_bytes(tflite, arena_size=ARENA_BYTES)
    shapes = [graph.tensors[index].shape for index in graph.inputs]
    rows: list[list[npt.NDArray[Any]]] = [[] for _ in graph.outputs]
    for vector in zip(*inputs, strict=True):
        for number, (values, shape) in enumerate(zip(vector, shapes, strict=True)):
            interpreter.set_input(np.reshape(values, shape), number)
        interpreter.invoke()
        for number, row in enumerate(rows):
            row.append(np.array(interpreter.get_output(number)).ravel())
    return tuple(np.array(row) for row in rows)
