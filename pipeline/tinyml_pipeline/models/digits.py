"""Ten handwritten digits of 8x8 pixels: softmax, categorical cross-entropy, dropout and early stopping."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tinyml_pipeline.models._digit_images import stop_early, test_images, training_images, validation_images
from tinyml_pipeline.models.spec import Domain, ModelSpec

if TYPE_CHECKING:
    import keras


def build() -> keras.Model:
    import keras

    return keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            keras.layers.Flatten(),
            keras.layers.Dense(64, activation="relu"),
            keras.layers.Dropout(0.3),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )


def optimizer() -> keras.optimizers.Optimizer:
    import keras

    return keras.optimizers.Adam(0.001)


SPEC = ModelSpec(
    name="digits",
    summary="handwritten digits, 8x8 pixels, ten classes: softmax, dropout, early stopping",
    build=build,
    data=training_images,
    validation=validation_images,
    test=test_images,
    optimizer=optimizer,
    loss="categorical_crossentropy",
    metrics=("accuracy",),
    callbacks=stop_early,
    epochs=100,
    batch_size=32,
    inputs=(Domain("pixel", 0, 16),),
    outputs=tuple(f"is_{digit}" for digit in range(10)),
    tolerance=0.2,
    accuracy_percent=96,
)
