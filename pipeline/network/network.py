"""What a drawn network consists of: layers in order, each with shape, parameters and, where it is small, weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

MOST_NEURONS = 16
MOST_EDGES = 48
_CHANGE_NOTHING = {"Input", "Flatten", "Reshape", "RESHAPE"}


@dataclass(frozen=True)
class Layer:
    """One layer or int8 operation. `weights` (inputs x outputs) and `biases` are empty but for small dense layers.

    `shape` is the output's, of one sample; `detail` is the activation, or scale and zero point.
    """

    name: str
    kind: str
    detail: str
    shape: tuple[int, ...]
    parameters: int
    weights: tuple[tuple[float, ...], ...] = ()
    biases: tuple[float, ...] = ()

    @property
    def label(self) -> str:
        size = " x ".join(map(str, self.shape))
        lines = [self.kind, size, self.detail, f"{self.parameters:,} parameters" if self.parameters else ""]
        return "\n".join(line for line in lines if line)


@dataclass(frozen=True)
class Network:
    """`form` is 'float' or 'int8'; the first layer is the input. `sha256` names the file that it was read from."""

    model: str
    form: str
    sha256: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    layers: tuple[Layer, ...]

    @property
    def parameters(self) -> int:
        return sum(layer.parameters for layer in self.layers)

    def neurons(self) -> tuple[Layer, ...]:
        """The dense layers, where they are all that computes and few enough to draw each neuron; else nothing."""
        dense = tuple(layer for layer in self.layers if layer.weights)
        others = {layer.kind for layer in self.layers if not layer.weights}
        if not dense or not others <= _CHANGE_NOTHING or not _chained(dense):
            return ()
        neurons = len(dense[0].weights) + sum(len(layer.weights[0]) for layer in dense)
        edges = sum(len(layer.weights) * len(layer.weights[0]) for layer in dense)
        return dense if neurons <= MOST_NEURONS and edges <= MOST_EDGES else ()


def _chained(dense: Sequence[Layer]) -> bool:
    return all(len(a.weights[0]) == len(b.weights) for a, b in pairwise(dense))
