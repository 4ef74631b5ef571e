"""A trained network in one of three forms, each able to answer and to become int8: Keras, a TensorFlow graph, or a
float .tflite."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from tinyml_pipeline.quantization.refused import RefusedError

FloatArray = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Port:
    """An input or output tensor; `shape` is that of one sample, None where the network leaves a size open."""

    name: str
    shape: tuple[int | None, ...]
    dtype: Any = np.float32

    @property
    def fixed_shape(self) -> tuple[int, ...]:
        """Raises RefusedError if a size is open."""
        if None in self.shape:
            raise RefusedError(
                f"input '{self.name}' has the open shape {(None, *self.shape)}; a microcontroller needs every size but"
                " the batch fixed. Give them in keras.Input."
            )
        return tuple(size for size in self.shape if size is not None)


class Network(Protocol):
    """What every form can do; ports are in the network's own order."""

    @property
    def inputs(self) -> Sequence[Port]: ...

    @property
    def output_names(self) -> Sequence[str]: ...

    def predict(self, inputs: Sequence[FloatArray]) -> list[FloatArray]:
        """The network's own answers, one array (n, *shape) an output."""

    def quantize(self, representative: Sequence[FloatArray], per_channel: bool) -> bytes:
        """A full int8 .tflite of batch 1, calibrated on (n, *shape) arrays, one an input."""

    def to_float_tflite(self) -> bytes:
        """The same network as a float .tflite of batch 1."""


def check_arrays(inputs: Sequence[Port], arrays: Sequence[FloatArray]) -> None:
    if len(arrays) != len(inputs):
        raise RefusedError(f"the network has {len(inputs)} inputs, but {len(arrays)} arrays were given.")
    for array, port in zip(arrays, inputs, strict=True):
        if array.shape[1:] != port.fixed_shape:
            raise RefusedError(f"data of shape {array.shape[1:]} do not fit its input of shape {port.fixed_shape}.")


def typed(inputs: Sequence[Port], arrays: Sequence[FloatArray]) -> list[npt.NDArray[Any]]:
    """The arrays in the types that the network takes."""
    check_arrays(inputs, arrays)
    return [np.asarray(array, port.dtype) for array, port in zip(arrays, inputs, strict=True)]


def predict_in_batches(
    infer: Callable[..., Sequence[Any]], samples: Sequence[npt.NDArray[Any]], size: int
) -> list[FloatArray]:
    batches = [
        [np.asarray(output, np.float32) for output in infer(*(array[at : at + size] for array in samples))]
        for at in range(0, len(samples[0]), size)
    ]
    return [np.concatenate(output) for output in zip(*batches, strict=True)]
