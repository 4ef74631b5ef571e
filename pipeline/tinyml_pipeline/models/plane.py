"""y = 2*x1 + 3*x2 + 5: gradient descent by hand, from five points and a start far off."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tinyml_pipeline.models.spec import Dataset, Domain, ModelSpec

if TYPE_CHECKING:
    import keras


def build() -> keras.Model:
    import keras

    return keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])


def data(_: np.random.Generator) -> Dataset:
    points = [(2, 3), (1, 1), (3, -1), (-1, 1), (-3, -2)]
    return Dataset(np.array(points), np.array([[18], [10], [8], [6], [-7]]))


def optimizer() -> keras.optimizers.Optimizer:
    import keras

    return keras.optimizers.SGD(0.02)


SPEC = ModelSpec(
    name="plane",
    summary="y = 2*x1 + 3*x2 + 5 from five points: partial derivatives, one point an iteration",
    build=build,
    data=data,
    optimizer=optimizer,
    loss="mean_squared_error",
    epochs=200,
    batch_size=1,
    inputs=(Domain("x1", -5, 5), Domain("x2", -5, 5)),
    outputs=("y",),
    tolerance=0.2,
    checks=(((2, 3), (18,)), ((0, 0), (5,))),
    weights=([[5], [8]], [-2]),
)
