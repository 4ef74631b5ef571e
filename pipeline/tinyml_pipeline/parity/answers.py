"""What Keras says, kept next to the model: proofs are repeated without TensorFlow."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyml_pipeline.parity.vectors import InputSet

FloatArray = npt.NDArray[np.float32]


@dataclass(frozen=True)
class KerasAnswers:
    """int8 inputs, Keras' answers to their real values, one (n, *output shape) an output, and its answers to the test
    data."""

    inputs: InputSet
    answers: tuple[FloatArray, ...]
    test: FloatArray | None = None

    def pack(self) -> bytes:
        """As the bytes of an .npz; the same bytes each time."""
        named: dict[str, Any] = {f"input_{index}": array for index, array in enumerate(self.inputs.arrays)}
        named |= {_answers_name(index): array for index, array in enumerate(self.answers)}
        named |= {} if self.test is None else {"test": self.test}
        buffer = io.BytesIO()
        np.savez(buffer, data=np.array(self.inputs.data), **named)
        return buffer.getvalue()

    @classmethod
    def unpack(cls, data: bytes, exhaustive: bool) -> KerasAnswers:
        """The same again; `exhaustive` if no other input exists (see parity_inputs)."""
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            count = sum(name.startswith("input_") for name in arrays.files)
            inputs = tuple(arrays[f"input_{index}"] for index in range(count))
            test = arrays["test"] if "test" in arrays.files else None
            outputs = sum(name.startswith("answers") for name in arrays.files)
            answers = tuple(arrays[_answers_name(index)] for index in range(outputs))
            first, end = (int(row) for row in arrays["data"]) if "data" in arrays.files else (0, 0)
            return cls(InputSet(inputs, exhaustive, (first, end)), answers, test)


def _answers_name(index: int) -> str:
    return f"answers_{index}" if index else "answers"
