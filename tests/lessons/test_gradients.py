"""On paper, by tape, and what they come to."""

from __future__ import annotations

import numpy as np
import pytest
from tinyml_pipeline.models.catalog import load_spec
from tinyml_pipeline.show.lessons import gradients


def test_gradients_first_iteration_on_paper() -> None:
    slopes, after = gradients.by_hand()
    np.testing.assert_allclose(slopes[0], [56, 84, 28], rtol=1e-12)
    np.testing.assert_allclose(after[0], [3.88, 6.32, -2.56], rtol=1e-12)


def test_gradients_come_to_2_3_and_5() -> None:
    _, after = gradients.by_hand()
    np.testing.assert_allclose(after[-1], [2, 3, 5], atol=5e-7)


@pytest.mark.parametrize("graph", [False, True], ids=["eager", "tf.function"])
def test_gradients_by_tape_equal_those_by_hand_to_six_digits(graph: bool) -> None:
    slopes, after = gradients.by_hand(gradients.COMPARED_EPOCHS)
    tape_slopes, tape_after = gradients.by_tape(gradients.COMPARED_EPOCHS, graph=graph)
    np.testing.assert_allclose(tape_slopes, slopes, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(tape_after, after, rtol=1e-6)


def test_gradients_of_one_node_are_6_and_18() -> None:
    error, slopes = gradients.slopes_of_one_node(np.array([1.0, 3]), np.array([1.0, 2]), 4)
    assert error == 3
    assert slopes.tolist() == [6, 18]


def test_gradients_use_the_data_and_start_of_plane() -> None:
    spec = load_spec("plane")
    data = spec.load_data()
    np.testing.assert_array_equal(data.inputs, gradients.POINTS)
    np.testing.assert_array_equal(data.targets[:, 0], gradients.TARGETS)
    assert spec.weights is not None
    assert [*np.ravel(spec.weights[0]), *np.ravel(spec.weights[1])] == list(gradients.START)
