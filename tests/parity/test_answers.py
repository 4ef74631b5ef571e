"""What Keras said, as bytes and back."""

from __future__ import annotations

import io

import numpy as np
import pytest
from tinyml_pipeline.parity.answers import KerasAnswers
from tinyml_pipeline.parity.vectors import InputSet

INPUTS = np.arange(6, dtype=np.int8).reshape(3, 2), np.arange(3, dtype=np.int8).reshape(3, 1)
ANSWERS = (np.array([[0.5], [-1.5], [2.5]], np.float32), np.array([[[1, 2]], [[3, 4]], [[5, 6]]], np.float32))
"""Of two outputs."""
TEST = np.array([[7.5], [8.5]], np.float32)


@pytest.mark.parametrize("exhaustive", [True, False])
@pytest.mark.parametrize("test", [None, TEST])
def test_bytes_and_back(test: np.ndarray | None, exhaustive: bool) -> None:
    packed = KerasAnswers(InputSet(INPUTS, exhaustive, (1, 3)), ANSWERS, test).pack()
    assert packed == KerasAnswers(InputSet(INPUTS, exhaustive, (1, 3)), ANSWERS, test).pack()
    found = KerasAnswers.unpack(packed, exhaustive)
    assert found.inputs.exhaustive is exhaustive
    assert found.inputs.data == (1, 3)
    assert len(found.inputs.arrays) == 2
    for array, expected in zip(found.inputs.arrays, INPUTS, strict=True):
        assert array.dtype == np.int8
        np.testing.assert_array_equal(array, expected)
    assert len(found.answers) == 2
    for array, expected in zip(found.answers, ANSWERS, strict=True):
        np.testing.assert_array_equal(array, expected)
    if test is None:
        assert found.test is None
    else:
        np.testing.assert_array_equal(found.test, TEST)


def test_no_code_is_loaded() -> None:
    """An .npz may hold Python objects, which run code when they are read."""
    packed = KerasAnswers(InputSet(INPUTS, True), (np.array([[{}]], object),)).pack()
    with pytest.raises(ValueError, match="allow_pickle=False"):
        KerasAnswers.unpack(packed, True)


def test_a_file_without_the_rows_of_data() -> None:
    """As versions before wrote it."""
    buffer = io.BytesIO()
    np.savez(buffer, input_0=INPUTS[0], answers=np.zeros((3, 1), np.float32))
    found = KerasAnswers.unpack(buffer.getvalue(), False)
    assert found.inputs.data == (0, 0)
    assert len(found.answers) == 1
