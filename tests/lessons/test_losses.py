"""On paper, and their slopes by small differences."""

from __future__ import annotations

import numpy as np
from tinyml_pipeline.show.lessons import losses


def test_losses_on_paper() -> None:
    p = np.array([0.01, 0.5])
    np.testing.assert_allclose(losses.quadratic(p), [0.9801, 0.25])
    np.testing.assert_allclose(losses.binary(p), [4.6052, 0.6931], atol=5e-5)
    np.testing.assert_allclose(losses.binary(p, 0), [0.0101, 0.6931], atol=5e-5)
    np.testing.assert_allclose(losses.categorical(losses.three_classes(p)), losses.binary(p))
    np.testing.assert_allclose(losses.slope_binary(p), [-0.99, -0.5])
    np.testing.assert_allclose(losses.slope_quadratic(p), [-0.019602, -0.25])


def test_losses_slopes_are_those_of_the_curves() -> None:
    z, h = np.linspace(-4, 4, 9), 1e-6

    def sigmoid(x: np.ndarray) -> np.ndarray:
        return 1 / (1 + np.exp(-x))

    for curve, slope in ((losses.quadratic, losses.slope_quadratic), (losses.binary, losses.slope_binary)):
        np.testing.assert_allclose(
            (curve(sigmoid(z + h)) - curve(sigmoid(z - h))) / (2 * h), slope(sigmoid(z)), atol=1e-8
        )
