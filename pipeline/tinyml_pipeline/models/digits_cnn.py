"""The digits again, by convolution and pooling: fewer weights that see shapes wherever they are."""

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
            keras.layers.Conv2D(8, 3, padding="same", activation="relu"),
            keras.layers.MaxPooling2D(),
            keras.layers.Conv2D(16, 3, padding="same", activation="relu"),
            keras.layers.MaxPooling2D(),
            keras.layers.Flatten(),
            keras.layers.Dropout(0.2),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )


def optimizer() -> keras.optimizers.Optimizer:
    import keras

    return keras.optimizers.Adam()


SPEC = ModelSpec(
    name="digits_cnn",
    summary="handwritten digits by convolution and pooling, on TFLM",
    build=build,
    data=training_images,
    validation=validation_images,
    test=test_images,
    optimizer=optimizer,
    loss="categorical_crossentropy",
    metrics=("accuracy",),
    callbacks=stop_early,
    epochs=60,
    batch_size=32,
    inputs=(Domain("pixel", 0, 16),),
    outputs=tuple(f"is_{digit}" for digit in range(10)),
    tolerance=0.12,
    accuracy_percent=96,
)
