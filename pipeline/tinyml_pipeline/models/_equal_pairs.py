"""What `adder_small` and `adder_wide` share: sums of equal pairs only, all on the diagonal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tinyml_pipeline.models.spec import Dataset

if TYPE_CHECKING:
    import keras


def data(_: np.random.Generator) -> Dataset:
    """(1, 1), (3, 3) ... (9999, 9999)."""
    return _equal_pairs(1)


def validation(_: np.random.Generator) -> Dataset:
    """The even pairs between: on the same diagonal, so they look fine."""
    return _equal_pairs(2)


def _equal_pairs(first: int) -> Dataset:
    numbers = np.arange(first, 10_000, 2, dtype=np.float32).reshape(-1, 1)
    return Dataset(np.hstack([numbers, numbers]), 2 * numbers)


def optimizer() -> keras.optimizers.Optimizer:
    import keras

    return keras.optimizers.Adam()
