"""9 and 1.24, as the tutorial says."""

from __future__ import annotations

import numpy as np
import pytest
from tinyml_pipeline.models.catalog import load_spec
from tinyml_pipeline.show.lessons import forward


@pytest.mark.parametrize(("activation", "output"), [("none", "9.00"), ("relu", "9.00"), ("tanh", "1.24")])
def test_forward_of_the_bank(activation: str, output: str) -> None:
    sums, _, found = forward.forward(activation)
    assert sums.tolist() == [5, 1]
    assert f"{found:.2f}" == output


def test_its_picture_shows_every_activation_and_dashes_what_is_negative() -> None:
    axes = forward.run().draw().axes
    assert [place.get_title() for place in axes] == ["no activation", "relu", "tanh", "sigmoid"]
    for place, output in zip(axes, ("9", "9", "1.24", "1.26"), strict=True):
        texts = [text.get_text() for text in place.texts]
        assert texts[-1] == f"transactions\n{output}"
        weights = [float(text) for text in texts if text in {"1", "-1", "2"}][:6]
        assert weights == [1, 1, -1, 1, 2, -1]
        assert [line.get_linestyle() for line in place.lines] == ["--" if weight < 0 else "-" for weight in weights]


def test_forward_uses_the_weights_of_bank() -> None:
    weights = load_spec("bank").weights
    assert weights is not None
    np.testing.assert_array_equal(np.array(weights[0]).T, forward.HIDDEN)
    np.testing.assert_array_equal(np.ravel(weights[1]), forward.OUTPUT)
