"""Faults of a motor from its vibration: an autoencoder that was shown normal operation only.

It repeats what it knows; what it cannot repeat is an anomaly. `python -m tinyml_pipeline.models.anomaly` prints the CSV
file that it learns from.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tinyml_pipeline.models._example_csv import Rows, csv_file, csv_text
from tinyml_pipeline.models._unit_range import from_unit_range, to_unit_range
from tinyml_pipeline.models.spec import Dataset, Domain, ModelSpec

if TYPE_CHECKING:
    import keras

    from tinyml_pipeline.data.data_file import DataFile

ROWS = 600
BANDS = tuple(Domain(f"band_{index}", 0, 2, "g") for index in range(8))
SHAPES = np.array([[0.9, 0.5, 0.25, 0.15, 0.1, 0.1, 0.05, 0.05], [0.2, 0.3, 0.7, 0.9, 0.5, 0.3, 0.2, 0.1]])
"""Of the vibration, idling and under load."""
FAULTS = {"bearing": (5, 6, 7), "imbalance": (0,), "loose": (1, 3, 5)}
"""The bands that each makes stronger."""


def normal(rng: np.random.Generator) -> Rows:
    """The CSV file: the strength of vibration in eight bands, a row a second."""
    yield tuple(domain.name for domain in BANDS)
    for row in _vibration(ROWS, rng):
        yield [f"{value:.4f}" for value in row]


def faulty(rng: np.random.Generator, rows: int = 100) -> dict[str, npt.NDArray[np.float64]]:
    """Rows of each fault, which the network has never seen."""
    found = {}
    for fault, bands in FAULTS.items():
        found[fault] = _vibration(rows, rng)
        found[fault][:, bands] += rng.uniform(0.4, 0.8, (rows, len(bands)))
    return found


def _vibration(rows: int, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """Somewhere between idling and load, stronger or weaker, with noise."""
    load = rng.uniform(0, 1, (rows, 1))
    strength = rng.uniform(0.8, 1.2, (rows, 1))
    clean = strength * ((1 - load) * SHAPES[0] + load * SHAPES[1])
    found: npt.NDArray[np.float64] = np.clip(clean + rng.normal(0, 0.02, clean.shape), 0, 2)
    return found


@cache
def measured() -> DataFile:
    from tinyml_pipeline.data.data_file import DataFile

    names = tuple(domain.name for domain in BANDS)
    return DataFile(path=csv_file("anomaly", normal), inputs=names, targets=names)


def data(rng: np.random.Generator) -> Dataset:
    return measured().training(rng)


def validation(rng: np.random.Generator) -> Dataset:
    return measured().validation(rng)


def test(rng: np.random.Generator) -> Dataset:
    return measured().test(rng)


def build() -> keras.Model:
    """Through a layer of two neurons: as many as what changes in normal operation."""
    import keras

    return keras.Sequential(
        [
            keras.Input((len(BANDS),)),
            to_unit_range(BANDS),
            keras.layers.Dense(8, activation="relu"),
            keras.layers.Dense(2),
            keras.layers.Dense(8, activation="relu"),
            keras.layers.Dense(len(BANDS)),
            from_unit_range(BANDS),
        ]
    )


def optimizer() -> keras.optimizers.Optimizer:
    import keras

    return keras.optimizers.Adam(0.01)


def stop_early() -> list[Any]:
    """Callbacks: end once the validation loss has not fallen for ten epochs, and go back to its best."""
    import keras

    return [keras.callbacks.EarlyStopping("val_loss", patience=10, restore_best_weights=True)]


SPEC = ModelSpec(
    name="anomaly",
    summary="faults of a motor that it was never shown: a dense autoencoder, 186 parameters",
    build=build,
    data=data,
    validation=validation,
    test=test,
    optimizer=optimizer,
    loss="mean_squared_error",
    callbacks=stop_early,
    epochs=100,
    batch_size=16,
    inputs=BANDS,
    outputs=BANDS,
    normal_percent=99,
)

if __name__ == "__main__":
    print(csv_text(normal), end="")
