"""The bit-exact oracle: the TFLM interpreter of the tflite-micro wheel."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from tflite_micro.python.tflite_micro import runtime

Int8Array = npt.NDArray[np.int8]


def run_tflm(tflite: bytes, inputs: Sequence[Int8Array], arena_bytes: int = 1 << 20) -> tuple[Int8Array, ...]:
    """Inputs of shape (vectors, *shape) or (vectors, size) each; outputs of shape (vectors, size)."""
    interpreter = runtime.Interpreter.from_bytes(tflite, arena_size=arena_bytes)
    shapes = [tuple(interpreter.get_input_details(i)["shape"]) for i in range(len(inputs))]
    rows: list[list[Int8Array]] = []
    for vector in range(len(inputs[0])):
        for number, (array, shape) in enumerate(zip(inputs, shapes, strict=True)):
            interpreter.set_input(array[vector].reshape(shape), number)
        interpreter.invoke()
        if not rows:
            rows = [[] for _ in range(_output_count(interpreter))]
        for number, row in enumerate(rows):
            row.append(np.array(interpreter.get_output(number)).ravel())
    return tuple(np.array(row) for row in rows)


def _output_count(interpreter: runtime.Interpreter) -> int:
    count = 0
    while True:
        try:
            interpreter.get_output_details(count)
        except (IndexError, ValueError, RuntimeError):
            return count
        count += 1
