"""The sum of two numbers from 0 to 100: a small network of three layers learns what one addition does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tinyml_pipeline.models.spec import Dataset, Domain, ModelSpec

if TYPE_CHECKING:
    import keras

SAMPLES = 4000
EPOCHS = 60
BATCH_SIZE = 8


def build() -> keras.Model:
    import keras

    return keras.Sequential(
        [
            keras.Input((2,)),
            keras.layers.Dense(50, activation="relu"),
            keras.layers.Dense(20, activation="relu"),
            keras.layers.Dense(1),
        ]
    )


def data(rng: np.random.Generator) -> Dataset:
    """Pairs drawn independently: equal pairs would teach the diagonal only, and leave 10 + 2 to chance."""
    pairs = rng.uniform(0, 100, (SAMPLES, 2))
    # A network is worst at the rim of what it has seen; a fifth of the pairs lie on it.
    rim = rng.permutation(SAMPLES)[: SAMPLES // 5]
    pairs[rim, rng.integers(0, 2, len(rim))] = rng.choice([0, 100], len(rim))
    pairs[:4] = [(0, 0), (0, 100), (100, 0), (100, 100)]
    pairs = rng.permutation(pairs)
    return Dataset(pairs.astype(np.float32), pairs.sum(axis=1, keepdims=True).astype(np.float32))


def optimizer() -> keras.optimizers.Optimizer:
    import keras

    # The inputs are not scaled, so a constant rate would leave the sum trembling; falling to zero, it settles.
    updates = EPOCHS * -(-SAMPLES // BATCH_SIZE)
    return keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(0.003, updates))


SPEC = ModelSpec(
    name="adder",
    summary="a + b for two numbers from 0 to 100: three dense layers, 1,191 parameters",
    build=build,
    data=data,
    optimizer=optimizer,
    loss="mean_squared_error",
    epochs=EPOCHS,
    batch_size=BATCH_SIZE,
    inputs=(Domain("a", 0, 100), Domain("b", 0, 100)),
    outputs=("sum",),
    tolerance=1.3,
    checks=(((10, 2), (12,)),),
)
