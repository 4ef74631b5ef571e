"""Forward propagation by hand: a network with given weights, and nothing to learn.

How many transactions a customer makes, from the numbers of children and accounts.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np

from tinyml_pipeline.models.spec import Dataset, Domain, ModelSpec

if TYPE_CHECKING:
    import keras

WEIGHTS = ([[1, -1], [1, 1]], [[2], [-1]])
"""Hidden nodes (1, 1) and (-1, 1), output (2, -1); Keras keeps a node's weights in a column."""


def build() -> keras.Model:
    import keras

    return keras.Sequential(
        [
            keras.Input((2,)),
            keras.layers.Dense(2, activation="relu", use_bias=False),
            keras.layers.Dense(1, use_bias=False),
        ]
    )


def data(_: np.random.Generator) -> Dataset:
    """Every customer of up to 10 children and accounts, with the network's own answer."""
    customers = np.array(list(itertools.product(range(11), repeat=2)))
    hidden, output = map(np.array, WEIGHTS)
    return Dataset(customers, np.maximum(customers @ hidden, 0) @ output)


def optimizer() -> keras.optimizers.Optimizer:
    import keras

    return keras.optimizers.SGD(0.001)  # for whoever trains it further, with --epochs


SPEC = ModelSpec(
    name="bank",
    summary="forward propagation by hand: fixed weights, 2 children and 3 accounts give 9 transactions",
    build=build,
    data=data,
    optimizer=optimizer,
    loss="mean_squared_error",
    epochs=0,
    batch_size=11,
    inputs=(Domain("children", 0, 10), Domain("accounts", 0, 10)),
    outputs=("transactions",),
    tolerance=0.2,
    checks=(((2, 3), (9,)),),
    weights=WEIGHTS,
)
