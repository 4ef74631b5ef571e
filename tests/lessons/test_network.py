"""Backpropagation against small differences."""

from __future__ import annotations

import numpy as np
import pytest
from tinyml_pipeline.show.lessons import network


@pytest.mark.parametrize("classes", [False, True], ids=["squares", "classes"])
def test_the_network_of_the_lessons_has_the_slopes_of_its_loss(classes: bool) -> None:
    rng = np.random.default_rng(0)
    weights, x, y = network.glorot((3, 5, 4, 2), rng), rng.normal(size=(6, 3)), np.eye(2)[rng.integers(0, 2, 6)]
    found = network.gradients(weights, x, y, classes=classes)
    for array, slopes in zip(weights, found, strict=True):
        for place in np.ndindex(array.shape):
            before = array[place]
            array[place] = before + 1e-6
            above = network.loss(weights, x, y, classes=classes)
            array[place] = before - 1e-6
            below = network.loss(weights, x, y, classes=classes)
            array[place] = before
            assert (above - below) / 2e-6 == pytest.approx(slopes[place], abs=1e-7)
