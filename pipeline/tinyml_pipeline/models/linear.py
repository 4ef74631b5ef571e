"""y = 2x - 1, the first network of every tutorial: one neuron learns a line from six points."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tinyml_pipeline.models.spec import Dataset, Domain, ModelSpec

if TYPE_CHECKING:
    import keras


def build() -> keras.Model:
    import keras

    return keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])


def data(_: np.random.Generator) -> Dataset:
    x = np.array([-1, 0, 1, 2, 3, 4], np.float32).reshape(-1, 1)
    return Dataset(x, 2 * x - 1)


def optimizer() -> keras.optimizers.Optimizer:
    import keras

    return keras.optimizers.SGD()


SPEC = ModelSpec(
    name="linear",
    summary="y = 2x - 1 from six points: one neuron, gradient descent",
    build=build,
    data=data,
    optimizer=optimizer,
    loss="mean_squared_error",
    epochs=500,
    batch_size=32,
    inputs=(Domain("x", -10, 10),),
    outputs=("y",),
    tolerance=0.16,
    checks=(((10,), (19,)),),
)
