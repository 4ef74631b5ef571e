"""What Keras said, as bytes and back."""

from __future__ import annotations

import io

import numpy as np
import pytest
from tinyml_pipeline.parity.answers import Judged, KerasAnswers, LayerAnswers
from tinyml_pipeline.parity.vectors import InputSet

INPUTS = np.arange(6, dtype=np.int8).reshape(3, 2), np.arange(3, dtype=np.int8).reshape(3, 1)
ANSWERS = (np.array([[0.5], [-1.5], [2.5]], np.float32), np.array([[[1, 2]], [[3, 4]], [[5, 6]]], np.float32))
"""Of two outputs."""
JUDGED = Judged("test", tuple(array[:2] for array in INPUTS), tuple(array[:2] for array in ANSWERS),
                (np.array([[7.5], [8.5]], np.float32),))  # fmt: skip


LAYERS = LayerAnswers(("CONV_2D", "FULLY_CONNECTED"), ("conv", "dense"), INPUTS, ANSWERS, ANSWERS[:1])


def test_layers_come_back() -> None:
    found = KerasAnswers.unpack(KerasAnswers(InputSet(INPUTS, False), ANSWERS, None, LAYERS).pack(), False).layers
    assert found is not None
    assert (found.operators, found.names) == (LAYERS.operators, LAYERS.names)
    for kind in ("inputs", "outputs", "answers"):
        for array, expected in zip(getattr(found, kind), getattr(LAYERS, kind), strict=True):
            np.testing.assert_array_equal(array, expected)


@pytest.mark.parametrize("exhaustive", [True, False])
@pytest.mark.parametrize("judged", [None, JUDGED])
def test_bytes_and_back(judged: Judged | None, exhaustive: bool) -> None:
    packed = KerasAnswers(InputSet(INPUTS, exhaustive, (1, 3)), ANSWERS, judged).pack()
    assert packed == KerasAnswers(InputSet(INPUTS, exhaustive, (1, 3)), ANSWERS, judged).pack()
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
    if judged is None:
        assert found.judged is None
        return
    assert found.judged is not None
    assert found.judged.source == "test"
    for kind in ("inputs", "answers", "targets"):
        for array, expected in zip(getattr(found.judged, kind), getattr(judged, kind), strict=True):
            np.testing.assert_array_equal(array, expected)


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
