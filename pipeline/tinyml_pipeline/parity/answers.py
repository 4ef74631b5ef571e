"""What Keras says, kept next to the model: proofs are repeated without TensorFlow."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyml_pipeline.parity.vectors import InputSet
from tinyml_pipeline.quantization.quantized_model import Int8Array

FloatArray = npt.NDArray[np.float32]
_JUDGED = ("inputs", "answers", "targets")
_LAYERS = ("inputs", "outputs", "answers")


@dataclass(frozen=True)
class Judged:
    """Data with known answers: int8 inputs, Keras' answers to the real ones, and the right ones, one array a tensor.

    `source` says what they are: test, validation or training.
    """

    source: str
    inputs: tuple[Int8Array, ...]
    answers: tuple[FloatArray, ...]
    targets: tuple[FloatArray, ...]


@dataclass(frozen=True)
class LayerAnswers:
    """What the layers with weights of the float network give for some int8 inputs, `outputs` (n, values) each, and
    `answers` (n, *shape), what the network does. `operators` and `names` of the layers are in order."""

    operators: tuple[str, ...]
    names: tuple[str, ...]
    inputs: tuple[Int8Array, ...]
    outputs: tuple[FloatArray, ...]
    answers: tuple[FloatArray, ...]


@dataclass(frozen=True)
class KerasAnswers:
    """int8 inputs, Keras' answers to their real values, one (n, *output shape) an output, the data that the model is
    judged on, and what its layers give."""

    inputs: InputSet
    answers: tuple[FloatArray, ...]
    judged: Judged | None = None
    layers: LayerAnswers | None = None

    def pack(self) -> bytes:
        """As the bytes of an .npz; the same bytes each time."""
        named: dict[str, Any] = {f"input_{index}": array for index, array in enumerate(self.inputs.arrays)}
        named |= {_answers_name(index): array for index, array in enumerate(self.answers)}
        if self.judged is not None:
            named["judged"] = np.array(self.judged.source)
            for kind in _JUDGED:
                named |= {f"judged_{kind}_{index}": array for index, array in enumerate(getattr(self.judged, kind))}
        if self.layers is not None:
            named |= {"layers": np.array([self.layers.operators, self.layers.names])}
            for kind in _LAYERS:
                named |= {f"layers_{kind}_{index}": array for index, array in enumerate(getattr(self.layers, kind))}
        buffer = io.BytesIO()
        np.savez(buffer, data=np.array(self.inputs.data), **named)
        return buffer.getvalue()

    @classmethod
    def unpack(cls, data: bytes, exhaustive: bool) -> KerasAnswers:
        """The same again; `exhaustive` if no other input exists (see parity_inputs)."""
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            count = sum(name.startswith("input_") for name in arrays.files)
            inputs = tuple(arrays[f"input_{index}"] for index in range(count))
            judged = None
            if "judged" in arrays.files:
                judged = Judged(str(arrays["judged"]), *(tuple(_listed(arrays, f"judged_{kind}_")) for kind in _JUDGED))
            layers = None
            if "layers" in arrays.files:
                operators, names = (tuple(map(str, row)) for row in arrays["layers"])
                layers = LayerAnswers(
                    operators, names, *(tuple(_listed(arrays, f"layers_{kind}_")) for kind in _LAYERS)
                )
            outputs = sum(name.startswith("answers") for name in arrays.files)
            answers = tuple(arrays[_answers_name(index)] for index in range(outputs))
            first, end = (int(row) for row in arrays["data"]) if "data" in arrays.files else (0, 0)
            return cls(InputSet(inputs, exhaustive, (first, end)), answers, judged, layers)


def _listed(arrays: Any, start: str) -> list[Any]:
    return [arrays[f"{start}{index}"] for index in range(sum(name.startswith(start) for name in arrays.files))]


def _answers_name(index: int) -> str:
    return f"answers_{index}" if index else "answers"
