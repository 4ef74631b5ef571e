"""a + b from equal pairs only, by a wider network: nearer on 10 + 2, and still by chance."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pipeline.models.spec import Dataset, Domain, ModelSpec

if TYPE_CHECKING:
    import keras


def build() -> keras.Model:
    import keras

    return keras.Sequential(
        [
            keras.Input((2,)),
            keras.layers.Flatten(),
            keras.layers.Dense(50, activation="relu"),
            keras.layers.Dense(20, activation="relu"),
            keras.layers.Dense(1),
        ]
    )


def data(_: np.random.Generator) -> Dataset:
    """(1, 1), (3, 3) ... (9999, 9999)."""
    return _equal_pairs(1)


def validation(_: np.random.Generator) -> Dataset:
    """The even pairs between: on the same diagonal, so they look fine."""
    return _equal_pairs(2)


def _equal_pairs(first: int) -> Dataset:
    numbers = np.arange(first, 10_000, 2, np.float32).reshape(-1, 1)
    return Dataset(np.hstack([numbers, numbers]), 2 * numbers)


def optimizer() -> keras.optimizers.Optimizer:
    import keras

    return keras.optimizers.Adam()


SPEC = ModelSpec(
    name="adder_wide",
    summary="a + b learned from equal pairs, 50 + 20 + 1 neurons: wider, still wrong on 10 + 2",
    build=build,
    data=data,
    validation=validation,
    optimizer=optimizer,
    loss="mean_squared_error",
    epochs=5,
    batch_size=1,
    inputs=(Domain("a", 0, 9999), Domain("b", 0, 9999)),
    outputs=("sum",),
    tolerance=200,
    fails_on=(((10, 2), (12,)),),
    reason="its pairs lie on the diagonal: how much of a sum comes from a and how much from b, they do not tell",
    seed=1,
)
