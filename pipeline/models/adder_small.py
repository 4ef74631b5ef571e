"""a + b, taught wrong: equal pairs only, and a ReLU before the output; it fails on 10 + 2."""

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
            keras.layers.Dense(5, activation="relu"),
            keras.layers.Dense(1, activation="relu"),
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
    name="adder_small",
    summary="a + b learned from equal pairs, 5 + 1 + 1 neurons: fails on 10 + 2, see adder",
    build=build,
    data=data,
    validation=validation,
    optimizer=optimizer,
    loss="mean_squared_error",
    epochs=5,
    batch_size=1,
    inputs=(Domain("a", 0, 9999), Domain("b", 0, 9999)),
    outputs=("sum",),
    tolerance=300,
    fails_on=(((10, 2), (12,)),),
    reason="its pairs lie on the diagonal, and all passes one ReLU (with most seeds that dies: every sum is then 24.9)",
    seed=19,
)
