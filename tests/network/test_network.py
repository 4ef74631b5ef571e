"""Which networks show every neuron: those that a person still reads in a slide."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from tinyml_pipeline.show.network.network import Layer, Network, columns, show_neurons

from tests.network.samples import FLOAT, INT8, WIDE

HIDDEN, OUTPUT = FLOAT.layers[1:]


def dense_chain(*neurons: int) -> Network:
    layers = [Layer("input", "Input", neurons[:1])]
    for inputs, outputs in pairwise(neurons):
        weights = tuple((1.0,) * outputs for _ in range(inputs))
        layers.append(Layer("dense", "Dense", (outputs,), sources=(len(layers) - 1,), weights=weights))
    return replace(FLOAT, layers=tuple(layers))


def test_a_small_network_shows_its_columns_of_neurons() -> None:
    assert show_neurons([FLOAT, INT8])
    assert columns(FLOAT) == [(FLOAT.layers[0], 2), (HIDDEN, 2), (OUTPUT, 1)]
    assert (FLOAT.parameters, FLOAT.parameter_bytes) == (8, 32)


def test_what_only_passes_values_on_does_not_count() -> None:
    flatten, dropout = Layer("f", "Flatten", (2,), sources=(0,)), Layer("d", "Dropout", (2,), sources=(1,))
    layers = (FLOAT.layers[0], flatten, dropout, replace(HIDDEN, sources=(2,)), replace(OUTPUT, sources=(3,)))
    assert replace(FLOAT, layers=layers).dense() == layers[3:]


NOT_SHOWN = {
    "too_many_weights": dense_chain(3, 6),
    "nine_neurons": dense_chain(2, 9),
    "four_beside_four": dense_chain(4, 4),
    "too_deep": dense_chain(1, 8, 1, 7, 1),
    "convolution": WIDE,
    "large": replace(FLOAT, layers=(FLOAT.layers[0], Layer("wide", "Dense", (50,), 150, sources=(0,)))),
    "no_dense_layer": replace(FLOAT, layers=FLOAT.layers[:1]),
    "branch": replace(FLOAT, layers=(*FLOAT.layers[:2], replace(OUTPUT, sources=(0, 1)))),
}


@pytest.mark.parametrize("case", NOT_SHOWN)
def test_others_show_their_layers(case: str) -> None:
    assert NOT_SHOWN[case].dense() == ()
    assert not show_neurons([FLOAT, NOT_SHOWN[case]])


@pytest.mark.parametrize("neurons", [(1, 1), (2, 4, 1), (2, 5, 1, 1), (1, 8, 1), (3, 5, 3), (2, 8), (8, 2)], ids=str)
def test_small_ones_up_to_the_limit(neurons: tuple[int, ...]) -> None:
    assert len(dense_chain(*neurons).dense()) == len(neurons) - 1
