"""sin(x), learned from noisy samples: the hello world of TinyML."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from tinyml_pipeline.models.spec import Dataset, Domain, ModelSpec

if TYPE_CHECKING:
    import keras

SAMPLES = 1000
NOISE = 0.1
EPOCHS = 300
BATCH_SIZE = 16


def build() -> keras.Model:
    import keras

    return keras.Sequential(
        [
            keras.Input((1,)),
            keras.layers.Dense(16, activation="relu"),
            keras.layers.Dense(16, activation="relu"),
            keras.layers.Dense(1),
        ]
    )


def data(rng: np.random.Generator) -> Dataset:
    return _samples(rng)[0]


def validation(rng: np.random.Generator) -> Dataset:
    return _samples(rng)[1]


def _samples(rng: np.random.Generator) -> tuple[Dataset, Dataset]:
    """Four fifths to learn from and one to look at, with the noise of a real sensor."""
    x = rng.uniform(0, 2 * math.pi, (SAMPLES, 1)).astype(np.float32)
    y = (np.sin(x) + rng.normal(0, NOISE, x.shape)).astype(np.float32)
    (held_out, x), (held_out_y, y) = (np.split(values, [SAMPLES // 5]) for values in (x, y))
    return Dataset(x, y), Dataset(held_out, held_out_y)


def optimizer() -> keras.optimizers.Optimizer:
    import keras

    updates = EPOCHS * (SAMPLES - SAMPLES // 5) // BATCH_SIZE
    return keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(0.01, updates))


SPEC = ModelSpec(
    name="sine",
    summary="sin(x) from 800 noisy samples: the hello world of TinyML",
    build=build,
    data=data,
    validation=validation,
    optimizer=optimizer,
    loss="mean_squared_error",
    epochs=EPOCHS,
    batch_size=BATCH_SIZE,
    inputs=(Domain("x", 0, 2 * math.pi, "rad"),),
    outputs=("sine",),
    tolerance=0.04,
)
