"""Exclusive or: the smallest question that one neuron cannot answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tinyml_pipeline.models.spec import Dataset, Domain, ModelSpec

if TYPE_CHECKING:
    import keras


def build() -> keras.Model:
    import keras

    return keras.Sequential(
        [
            keras.Input((2,)),
            keras.layers.Dense(4, activation="tanh"),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )


def data(_: np.random.Generator) -> Dataset:
    return Dataset(np.array([(0, 0), (0, 1), (1, 0), (1, 1)]), np.array([[0], [1], [1], [0]]))


def optimizer() -> keras.optimizers.Optimizer:
    import keras

    return keras.optimizers.Adam(0.05)


SPEC = ModelSpec(
    name="xor",
    summary="exclusive or: binary classification by a sigmoid, binary cross-entropy",
    build=build,
    data=data,
    test=data,  # there are no other inputs
    optimizer=optimizer,
    loss="binary_crossentropy",
    epochs=1000,
    batch_size=4,
    inputs=(Domain("a", 0, 1), Domain("b", 0, 1)),
    outputs=("probability",),
    tolerance=0.1,
    checks=(((0, 0), (0,)), ((0, 1), (1,)), ((1, 0), (1,)), ((1, 1), (0,))),
    accuracy_percent=100,
    accuracy_drop_points=0,
)
