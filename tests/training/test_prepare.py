"""Specs whose parts do not fit together: each one clear line, before anything is trained."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tinyml_pipeline.errors import SpecError, TrainingError
from tinyml_pipeline.models.spec import Domain, ModelSpec
from tinyml_pipeline.training.keras_import import import_keras
from tinyml_pipeline.training.prepare import prepare

from tests.training.specs import RAISED_HERE, SHORT, keras, raises, refusal


def two_inputs() -> Any:
    k = keras()
    a, b = k.Input((1,), name="zebra"), k.Input((2,), name="ant")
    return k.Model([a, b], k.layers.Concatenate()([a, b]))


def wide() -> Any:
    k = keras()
    return k.Sequential([k.Input((3,)), k.layers.Dense(1)])


def three_outputs() -> Any:
    k = keras()
    return k.Sequential([k.Input((2,)), k.layers.Dense(3)])


def unbuildable() -> Any:
    k = keras()
    return k.Sequential([k.layers.Conv2D(4, 3), k.layers.Dense(1)])


BAD: dict[str, tuple[ModelSpec, str]] = {
    "input_shape": (
        replace(SHORT, build=wide),
        "model 'adder': the data's inputs have shape (2,) a sample, but the network's input is (3,); make them equal.",
    ),
    "target_shape": (
        replace(SHORT, build=three_outputs),
        "model 'adder': the data's targets have shape (1,) a sample, but the network's output is (3,); make them"
        " equal.",
    ),
    "two_inputs": (
        replace(SHORT, build=two_inputs),
        "model 'adder': data: inputs have 2 values a sample, but the network's 2 tensors (zebra, ant) have 1 + 2. Give"
        " a mapping of their names to arrays.",
    ),
    "build_raises": (
        replace(SHORT, build=raises),
        f"model 'adder': its build function raised {RAISED_HERE}.",
    ),
    "build_returns": (
        replace(SHORT, build=lambda: None),
        "model 'adder': its build function returned NoneType, not a keras.Model.",
    ),
    "optimizer_raises": (
        replace(SHORT, optimizer=raises),
        f"model 'adder': its optimizer function raised {RAISED_HERE}.",
    ),
    "optimizer_returns": (
        replace(SHORT, optimizer=lambda: "adam"),
        "model 'adder': its optimizer function returned str, not a keras.optimizers.Optimizer.",
    ),
    "callbacks_raise": (
        replace(SHORT, callbacks=raises),
        f"model 'adder': its callbacks function raised {RAISED_HERE}.",
    ),
    "no_callback": (
        replace(SHORT, callbacks=lambda: ["stop"]),
        "model 'adder': 'stop' among its callbacks is not a keras.callbacks.Callback.",
    ),
    "unknown_loss": (
        replace(SHORT, loss="mean_squared_eror"),
        "model 'adder': Keras knows no loss 'mean_squared_eror'. Did you mean 'mean_squared_error'?",
    ),
    "unknown_metric": (replace(SHORT, metrics=("zzz",)), "model 'adder': Keras knows no metric 'zzz'."),
    "weights_of_other_shapes": (
        replace(SHORT, weights=([[1.0]], [0.0])),
        "model 'adder': its weights have the shapes (1, 1), (1,), but the network's are (2, 8), (8,), (8, 1), (1,);"
        " make them equal.",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_refuses_in_one_line(name: str) -> None:
    spec, message = BAD[name]
    assert refusal(spec) == (SpecError, message)


def test_refuses_a_network_that_does_not_build() -> None:
    kind, message = refusal(replace(SHORT, build=unbuildable))
    assert kind is SpecError
    assert message.startswith("model 'adder': its network does not build on inputs of shape (None, 2): ValueError: ")
    assert "\n" not in message


def test_a_tensorflow_that_does_not_import(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tinyml_pipeline.training.keras_import.need_extra", lambda *_: None)  # it is installed
    monkeypatch.setitem(sys.modules, "keras", None)
    with pytest.raises(TrainingError) as caught:
        import_keras()
    assert str(caught.value) == (
        "TensorFlow cannot be imported (ModuleNotFoundError: import of keras halted; None in sys.modules). Run 'tinyml"
        " doctor'."
    )


def test_a_network_of_standardized_values_is_trained_on_them() -> None:
    inputs = tuple(Domain(name, 0, 1, offset=0.25, factor=4) for name in ("a", "b"))
    spec = replace(SHORT, inputs=inputs, outputs=(Domain("sum", 0, 2, offset=1, factor=0.5),), checks=())
    real, given = spec.load_data(), prepare(spec).data
    np.testing.assert_array_equal(given.inputs, (real.inputs - np.float32(0.25)) * 4)
    np.testing.assert_array_equal(given.targets, (real.targets - 1) / 2)
