"""a + b from equal pairs only, by a wider network: nearer on 10 + 2, and still by chance."""

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
            keras.layers.Dense(50, activation="relu"),
            keras.layers.Dense(20, activation="relu"),
            keras.layers.Dense(1),
        ]
    )


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
