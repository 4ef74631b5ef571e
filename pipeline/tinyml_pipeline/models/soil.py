"""How wet the soil is, from four sensors of different range: regression, of a CSV file as loggers leave it.

`python -m tinyml_pipeline.models.soil` prints the file, `tinyml new` writes a spec such as this one for it.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from tinyml_pipeline.models._example_csv import Rows, csv_file, csv_text
from tinyml_pipeline.models._unit_range import from_unit_range, to_unit_range
from tinyml_pipeline.models.spec import Dataset, Domain, ModelSpec

if TYPE_CHECKING:
    import keras

    from tinyml_pipeline.data.data_file import DataFile

DAYS = 600
SENSORS = (
    Domain("soil_raw", 1200, 3300),
    Domain("temp_c", 0, 45, "C"),
    Domain("humidity", 25, 100, "%"),
    Domain("light", 0, 1024),
)
MOISTURE = (Domain("moisture_pct", 0, 70, "%"),)
MISSING, UNPLUGGED = 0.02, 0.02


def days(rng: np.random.Generator) -> Rows:
    """The CSV file: a row a day. Some readings are missing, and some temperatures are those of an unplugged sensor."""
    yield "date", "soil_raw", "temp_c", "humidity", "light", "moisture_pct"
    first = np.datetime64("2025-01-01")
    for day in range(DAYS):
        moisture = rng.uniform(8, 60)
        warmth = 20 - 12 * np.cos(2 * np.pi * day / 365) + rng.normal(0, 4)
        # The probe reads less where it is wet, and drifts with the temperature.
        raw = 3250 - 32 * moisture + 6 * (warmth - 20) + rng.normal(0, 12)
        humidity = float(np.clip(75 - 1.2 * (warmth - 20) + rng.normal(0, 10), 30, 98))
        light = float(np.clip(500 + 12 * (warmth - 20) + rng.normal(0, 200), 0, 1023))
        temperature = -127.0 if rng.random() < UNPLUGGED else float(np.clip(warmth, 1, 44))
        readings = (f"{raw:.0f}", f"{temperature:.1f}", f"{humidity:.1f}", f"{light:.0f}")
        given = ["" if rng.random() < MISSING else reading for reading in readings]
        yield str(first + day), *given, f"{moisture:.1f}"


@cache
def measured() -> DataFile:
    from tinyml_pipeline.data.data_file import DataFile

    return DataFile(
        path=csv_file("soil", days),
        inputs=tuple(domain.name for domain in SENSORS),
        targets=("moisture_pct",),
        valid={"temp_c": (-40, 60)},
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
            keras.Input((len(SENSORS),)),
            to_unit_range(SENSORS),
            keras.layers.Dense(16, activation="relu"),
            keras.layers.Dense(8, activation="relu"),
            keras.layers.Dense(1),
            from_unit_range(MOISTURE),
        ]
    )


def optimizer() -> keras.optimizers.Optimizer:
    import keras

    return keras.optimizers.Adam(0.01)


def stop_early() -> list[Any]:
    """Callbacks: end once the validation loss has not fallen for twenty epochs, and go back to its best."""
    import keras

    return [keras.callbacks.EarlyStopping("val_loss", patience=20, restore_best_weights=True)]


SPEC = ModelSpec(
    name="soil",
    summary="how wet the soil is, from four sensors of different range: regression, 225 parameters",
    build=build,
    data=data,
    validation=validation,
    test=test,
    optimizer=optimizer,
    loss="mean_squared_error",
    metrics=("mean_absolute_error",),
    callbacks=stop_early,
    epochs=150,
    batch_size=16,
    inputs=SENSORS,
    outputs=MOISTURE,
)

if __name__ == "__main__":
    print(csv_text(days), end="")
