"""What cannot be converted is refused before the first epoch, by the layer's name."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tinyml_pipeline.errors import SpecError
from tinyml_pipeline.models.spec import Dataset
from tinyml_pipeline.training import train as training
from tinyml_pipeline.training.convertible import check_convertible

from tests.training.specs import SHORT, keras, refusal


def steps(rng: np.random.Generator) -> Dataset:
    inputs = rng.uniform(0, 1, (10, 3, 2)).astype(np.float32)
    return Dataset(inputs, inputs[:, 0, :1])


def network(*layers: Any, shape: tuple[int | None, ...] = (3, 2)) -> Any:
    k = keras()
    return k.Sequential([k.Input(shape), *layers, k.layers.Flatten(), k.layers.Dense(1)])


def nested() -> Any:
    return network(network(keras().layers.Lambda(lambda x: x / 10, name="tenth")))


def of_own_class() -> Any:
    class Twice(keras().layers.Layer):  # type: ignore[misc, name-defined]
        def call(self, x: Any) -> Any:
            return x * 2

    return network(Twice(name="twice"))


UNROLL = "must be unrolled for int8. Build it with unroll=True and a fixed number of time steps."
LAMBDA = "is a Lambda layer, whose Python code conversion does not load. Use Keras' own layers and keras.ops instead."
REFUSED = {
    "lambda": (lambda: network(keras().layers.Lambda(lambda x: x / 10, name="tenth")), f"layer 'tenth' {LAMBDA}"),
    "lambda_in_a_nested_model": (nested, f"layer 'tenth' {LAMBDA}"),
    "lstm": (lambda: network(keras().layers.LSTM(4, name="memory")), f"layer 'memory' (LSTM) {UNROLL}"),
    "gru_in_a_wrapper": (
        lambda: network(keras().layers.Bidirectional(keras().layers.GRU(4, name="memory"))),
        f"layer 'backward_memory' (GRU) {UNROLL}",
    ),
    "own_class": (
        of_own_class,
        "layer 'twice' is of your own class Twice, whose Python code conversion does not load. Use Keras' own layers"
        " and keras.ops instead.",
    ),
    "open_shape": (
        lambda: keras().Sequential(
            [keras().Input((None, 2), name="t"), keras().layers.GlobalAveragePooling1D(), keras().layers.Dense(1)]
        ),
        "input 't' has the open shape (None, None, 2); a microcontroller needs every size but the batch fixed. Give"
        " them in keras.Input.",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_it_is_refused_before_training(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    build, message = REFUSED[case]
    monkeypatch.setattr(training, "run_fast_loop", None)
    monkeypatch.setattr(training, "_fit", None)
    assert refusal(replace(SHORT, build=build, data=steps)) == (SpecError, f"model 'adder': {message}")


def test_what_converts_passes() -> None:
    k = keras()
    check_convertible(SHORT, network(k.layers.LSTM(4, unroll=True), k.layers.Activation("relu")))
    start = k.Input((4,))
    check_convertible(SHORT, k.Model(start, k.layers.Dense(1)(k.ops.abs(start))))


@pytest.mark.parametrize(
    ("function", "kind"),
    [("arctan", "Arctan"), ("erf", "Erf"), ("erfinv", "Erfinv"), ("tan", "Tan"), ("sinh", "Sinh")],
)
def test_an_operation_without_a_form_is_named(function: str, kind: str) -> None:
    k = keras()
    start = k.Input((4,))
    with pytest.raises(SpecError) as caught:
        check_convertible(SHORT, k.Model(start, k.layers.Dense(1)(getattr(k.ops, function)(start))))
    assert f"({kind}) has no form in TensorFlow Lite." in str(caught.value)
