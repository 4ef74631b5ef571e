"""scikit-learn's handwritten digits, and what the models of them share."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinyml_pipeline.models.spec import Dataset

TEST_IMAGES = 360
VALIDATION_IMAGES = 287


def training_images(rng: np.random.Generator) -> Dataset:
    return _split(rng)[2]


def validation_images(rng: np.random.Generator) -> Dataset:
    return _split(rng)[1]


def test_images(rng: np.random.Generator) -> Dataset:
    return _split(rng)[0]


def _split(rng: np.random.Generator) -> tuple[Dataset, ...]:
    """1,797 images (8, 8, 1) of 0 to 16, shuffled: 360 to be judged on, 287 to stop by, 1,150 to learn from.

    Targets are one-hot.
    """
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    order = rng.permutation(len(images))
    images, targets = images[order].reshape(-1, 8, 8, 1), np.eye(10)[labels[order]]
    ends = [TEST_IMAGES, TEST_IMAGES + VALIDATION_IMAGES]
    return tuple(map(Dataset, np.split(images, ends), np.split(targets, ends)))


def stop_early() -> list[Any]:
    """Callbacks: end once the validation loss has not fallen for ten epochs, and go back to its best."""
    import keras

    return [keras.callbacks.EarlyStopping("val_loss", patience=10, restore_best_weights=True)]
