"""What a drawn network consists of: layers in order, each with shape, parameters and, where it is small, weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from tinyml_pipeline.compiler.graph import Quantization

Row = tuple[float, ...]

# What a person still reads in a slide, where every neuron is drawn with its weights.
MOST_NEURONS = 16
MOST_BESIDE_MORE = 3
MOST_WEIGHTS_BETWEEN = 16
_CHANGE_NOTHING = {"Input", "Flatten", "Reshape", "Dropout", "RESHAPE"}


@dataclass(frozen=True)
class Int8Steps:
    """How a layer keeps its numbers: real = scale * (q - zero_point).

    `output` is None where the output is not quantized; `before_activation` is that of the sum, where the activation
    is a calculation of its own. `weights` (inputs x outputs) and `biases` are the numbers q, as in the layer.
    """

    output: Quantization | None
    before_activation: Quantization | None = None
    weight: Quantization | None = None
    weights: tuple[tuple[int, ...], ...] = ()
    biases: tuple[int, ...] = ()


@dataclass(frozen=True)
class Layer:
    """One layer, or one int8 operation with its activation. `shape` is the output's, of one sample.

    `sources` are the places of the layers that feed it. `weights` (inputs x outputs) and `biases` are real numbers,
    of small dense layers only; `steps` is None in a float network.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    parameters: int = 0
    parameter_bytes: int = 0
    activation: str = ""
    sources: tuple[int, ...] = ()
    kernel: tuple[int, ...] = ()
    strides: tuple[int, ...] = ()
    weight_range: tuple[float, float] | None = None
    weights: tuple[Row, ...] = ()
    biases: Row = ()
    steps: Int8Steps | None = None


@dataclass(frozen=True)
class Network:
    """`form` is 'float' or 'int8'; the inputs come first. `sha256` names the file that it was read from.

    `inputs` and `outputs` name single values, where they have names.
    """

    model: str
    form: str
    sha256: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    layers: tuple[Layer, ...]

    @property
    def parameters(self) -> int:
        return sum(layer.parameters for layer in self.layers)

    @property
    def parameter_bytes(self) -> int:
        return sum(layer.parameter_bytes for layer in self.layers)

    def dense(self) -> tuple[Layer, ...]:
        """The dense layers, where they are all that computes and few enough to draw each neuron; else nothing."""
        dense = tuple(layer for layer in self.layers if layer.weights)
        others = {layer.kind for layer in self.layers if not layer.weights}
        chained = all(layer.sources == (place,) for place, layer in enumerate(self.layers[1:]))
        if not dense or not chained or not others <= _CHANGE_NOTHING:
            return ()
        counts = _counts(dense)
        few = all(min(a, b) <= MOST_BESIDE_MORE and a * b <= MOST_WEIGHTS_BETWEEN for a, b in pairwise(counts))
        return dense if few and sum(counts) <= MOST_NEURONS else ()


def show_neurons(networks: Sequence[Network]) -> bool:
    """Whether all the forms of a network are small enough; then each neuron is drawn, else each layer."""
    return all(network.dense() for network in networks)


def columns(network: Network) -> list[tuple[Layer, int]]:
    """The input and every dense layer of a small network, each with the number of its neurons."""
    dense = network.dense()
    return list(zip([network.layers[0], *dense], _counts(dense), strict=True))


def _counts(dense: Sequence[Layer]) -> list[int]:
    return [len(dense[0].weights), *(len(layer.weights[0]) for layer in dense)]
