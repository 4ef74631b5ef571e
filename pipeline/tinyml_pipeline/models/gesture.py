"""Gestures from an accelerometer: convolutions over time, of windows cut from recordings in a CSV file.

`python -m tinyml_pipeline.models.gesture` prints the file, `tinyml new` writes a spec such as this one for it.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from tinyml_pipeline.models._example_csv import Rows, csv_file, csv_text
from tinyml_pipeline.models._unit_range import to_unit_range
from tinyml_pipeline.models.spec import Dataset, Domain, ModelSpec

if TYPE_CHECKING:
    import keras

    from tinyml_pipeline.data.data_file import DataFile

GESTURES = ("circle", "idle", "shake", "updown")
RECORDINGS, ROWS, RATE_HZ = 80, 100, 50
WINDOW, STRIDE = 50, 25
GRAVITY = 9.81
AXES = (Domain("ax", -14, 14, "m/s^2"), Domain("ay", -10, 10, "m/s^2"), Domain("az", 0, 20, "m/s^2"))


def recordings(rng: np.random.Generator) -> Rows:
    """The CSV file: 80 recordings of two seconds, each at a speed, a strength and a tilt of its own, in noise."""
    yield "recording", "t", "ax", "ay", "az", "gesture"
    time = np.arange(ROWS) / RATE_HZ
    for recording in range(RECORDINGS):
        gesture = GESTURES[recording % len(GESTURES)]
        turns = 2 * np.pi * rng.uniform(1.5, 2.5) * time + rng.uniform(0, 2 * np.pi)
        strength = rng.uniform(3, 6)
        axes = np.tile([*rng.normal(0, 0.3, 2), GRAVITY], (ROWS, 1))
        if gesture == "circle":
            axes[:, 0] += strength * np.cos(turns)
            axes[:, 1] += strength * np.sin(turns)
        elif gesture == "shake":
            axes[:, 0] += 2 * strength * np.sin(3 * turns)
        elif gesture == "updown":
            axes[:, 2] += 1.3 * strength * np.sin(turns)
        axes += rng.normal(0, 0.4, axes.shape)
        for at, (ax, ay, az) in zip(time, axes, strict=True):
            yield f"{recording}", f"{at:.2f}", f"{ax:.3f}", f"{ay:.3f}", f"{az:.3f}", gesture


@cache
def measured() -> DataFile:
    from tinyml_pipeline.data.data_file import DataFile

    return DataFile(
        path=csv_file("gesture", recordings),
        inputs=("ax", "ay", "az"),
        targets=("gesture",),
        classes=GESTURES,
        group="recording",
        window=WINDOW,
        stride=STRIDE,
    )


def data(rng: np.random.Generator) -> Dataset:
    return measured().training(rng)


def validation(rng: np.random.Generator) -> Dataset:
    return measured().validation(rng)


def test(rng: np.random.Generator) -> Dataset:
    return measured().test(rng)


def build() -> keras.Model:
    import keras

    return keras.Sequential(
        [
            keras.Input((WINDOW, len(AXES))),
            to_unit_range(AXES),
            keras.layers.Conv1D(8, 5, strides=2, padding="same", activation="relu"),
            keras.layers.Conv1D(16, 3, strides=2, padding="same", activation="relu"),
            keras.layers.GlobalAveragePooling1D(),
            keras.layers.Dense(len(GESTURES), activation="softmax"),
        ]
    )


def optimizer() -> keras.optimizers.Optimizer:
    import keras

    return keras.optimizers.Adam(0.01)


def stop_early() -> list[Any]:
    """Callbacks: end once the validation loss has not fallen for five epochs, and go back to its best."""
    import keras

    return [keras.callbacks.EarlyStopping("val_loss", patience=5, min_delta=0.001, restore_best_weights=True)]


SPEC = ModelSpec(
    name="gesture",
    summary="gestures from three axes of an accelerometer: convolutions over time, 596 parameters",
    build=build,
    data=data,
    validation=validation,
    test=test,
    optimizer=optimizer,
    loss="categorical_crossentropy",
    metrics=("accuracy",),
    callbacks=stop_early,
    epochs=40,
    batch_size=16,
    inputs=AXES,
    outputs=GESTURES,
    stride=STRIDE,
    accuracy_percent=97,
    accuracy_drop_points=2.1,  # one of the 48 test windows
)

if __name__ == "__main__":
    print(csv_text(recordings), end="")
