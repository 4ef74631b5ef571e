"""What dropout and early-stopping train on: few digits, some with a wrong label, so that learning by heart shows."""

from __future__ import annotations

from functools import cache

import numpy as np

from tinyml_pipeline.extras import is_importable, need_extra
from tinyml_pipeline.show.lessons.network import Array, Curves, Training, train

IMAGES, VALIDATION, WRONG = 200, 600, 30
SIZES = (64, 100, 10)
EPOCHS = 100


@cache
def curves(dropout: float) -> Curves:
    """100 epochs of a 64-100-10 network with softmax and categorical cross-entropy; the same start and order."""
    return train(SIZES, *_data(), Training(EPOCHS, 20, 0.003, 0, dropout), classes=True)


def _data() -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    """Training images, of which WRONG were given a label by chance, and validation images with the right ones."""
    if not is_importable("sklearn"):
        need_extra("train", "this lesson")
    from sklearn.datasets import load_digits

    digits = load_digits()
    order = np.random.default_rng(0).permutation(len(digits.data))
    images, labels = digits.data[order] / 16, np.eye(10)[digits.target[order]]
    rng = np.random.default_rng(5)
    given = labels[:IMAGES].copy()
    given[rng.permutation(IMAGES)[:WRONG]] = np.eye(10)[rng.integers(0, 10, WRONG)]
    held_out = slice(IMAGES, IMAGES + VALIDATION)
    return (images[:IMAGES], given), (images[held_out], labels[held_out])
