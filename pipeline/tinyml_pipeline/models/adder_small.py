"""a + b, taught wrong: equal pairs only, and a ReLU before the output; it fails on 10 + 2."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tinyml_pipeline.models._equal_pairs import data, optimizer, validation
from tinyml_pipeline.models.spec import Domain, ModelSpec

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
