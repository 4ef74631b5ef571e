"""Patterns of tones in a spectrogram: a depthwise separable network, as those that hear spoken keywords."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tinyml_pipeline.models.spec import Dataset, Domain, ModelSpec

if TYPE_CHECKING:
    import keras

FRAMES, BANDS = 49, 10  # a second of sound in steps of 20 ms, each as the energy in ten bands
PATTERNS = ("silence", "low", "high", "rising", "falling", "siren", "beeps", "chord")
_TRAINING, _VALIDATION, _TEST = 1200, 240, 400


def training_sounds(rng: np.random.Generator) -> Dataset:
    return _sounds(rng)[0]


def validation_sounds(rng: np.random.Generator) -> Dataset:
    return _sounds(rng)[1]


def test_sounds(rng: np.random.Generator) -> Dataset:
    return _sounds(rng)[2]


def _sounds(rng: np.random.Generator) -> tuple[Dataset, ...]:
    """Spectrograms (49, 10, 1) of 0 to 8, each with noise of its own; targets are one-hot."""
    labels = rng.permutation(np.arange(_TRAINING + _VALIDATION + _TEST) % len(PATTERNS))
    sounds = np.stack([_spectrogram(PATTERNS[label], rng) for label in labels])[..., None].astype(np.float32)
    targets = np.eye(len(PATTERNS), dtype=np.float32)[labels]
    ends = [_TRAINING, _TRAINING + _VALIDATION]
    return tuple(Dataset(x, y) for x, y in zip(np.split(sounds, ends), np.split(targets, ends), strict=True))


def _spectrogram(pattern: str, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """A tone between a random start and end, as loud and as wide as it happens to be, in noise."""
    start, length = rng.integers(0, 14), rng.integers(28, 36)
    time = (np.arange(FRAMES) - start) / length
    sounding = (time >= 0) & (time < 1)
    low, high = rng.uniform(0.5, 2.5), rng.uniform(6.5, 8.5)
    position = {
        "low": low + 0 * time,
        "high": high + 0 * time,
        "rising": low + (high - low) * time,
        "falling": high - (high - low) * time,
        "siren": low + (high - low) * np.abs(np.sin(2 * np.pi * time)),
        "beeps": rng.uniform(3, 6) + 0 * time,
        "chord": low + 0 * time,
    }.get(pattern, 0 * time)
    if pattern == "beeps":
        sounding &= (time * rng.integers(4, 7)) % 1 < 0.5
    energy = _bump(position, rng)
    if pattern == "chord":
        energy = np.maximum(energy, _bump(high + 0 * time, rng))
    loudness = 0 if pattern == "silence" else rng.uniform(2, 5)
    noise = np.abs(rng.normal(0, 1.3, (FRAMES, BANDS)))
    heard: npt.NDArray[np.float64] = np.clip(loudness * energy * sounding[:, None] + noise, 0, 8)
    return heard


def _bump(position: npt.NDArray[np.float64], rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """How much of a tone each band hears."""
    distance = (np.arange(BANDS) - position[:, None]) / rng.uniform(0.6, 1.0)
    heard: npt.NDArray[np.float64] = np.exp(-(distance**2) / 2)
    return heard


def build() -> keras.Model:
    """Filters over time and bands, then twice one filter per channel and a mixture of the channels."""
    import keras

    layers: list[Any] = [
        keras.Input((FRAMES, BANDS, 1)),
        keras.layers.Conv2D(16, (10, 4), strides=2, padding="same", activation="relu"),
    ]
    for _ in range(2):
        layers += [
            keras.layers.DepthwiseConv2D(3, padding="same", activation="relu"),
            keras.layers.Conv2D(16, 1, activation="relu"),
        ]
    layers += [
        keras.layers.GlobalAveragePooling2D(),
        keras.layers.Dropout(0.2),
        keras.layers.Dense(len(PATTERNS), activation="softmax"),
    ]
    return keras.Sequential(layers)


def optimizer() -> keras.optimizers.Optimizer:
    import keras

    return keras.optimizers.Adam(0.004)


def stop_early() -> list[Any]:
    """Callbacks: end once the validation loss has not fallen for five epochs, and go back to its best."""
    import keras

    return [keras.callbacks.EarlyStopping("val_loss", patience=5, restore_best_weights=True)]


SPEC = ModelSpec(
    name="keywords",
    summary="patterns of tones in a spectrogram, eight classes: a depthwise separable network",
    build=build,
    data=training_sounds,
    validation=validation_sounds,
    test=test_sounds,
    optimizer=optimizer,
    loss="categorical_crossentropy",
    metrics=("accuracy",),
    callbacks=stop_early,
    epochs=12,
    batch_size=32,
    inputs=(Domain("energy", 0, 8),),
    outputs=tuple(f"is_{pattern}" for pattern in PATTERNS),
    tolerance=0.25,
    accuracy_percent=96,
)
