"""The networks, data and trainings of the tutorials, as `tinyml train` saved them."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tinyml_pipeline.models.catalog import load_spec
from tinyml_pipeline.training.keras_import import import_keras

DIGITS = "Dense 10 softmax"
LAYERS = {
    "linear": ["Dense 1 linear"],
    "plane": ["Dense 1 linear"],
    "adder_small": ["Flatten", "Dense 5 relu", "Dense 1 relu", "Dense 1 linear"],
    "adder_wide": ["Flatten", "Dense 50 relu", "Dense 20 relu", "Dense 1 linear"],
    "bank": ["Dense 2 relu", "Dense 1 linear"],
    "xor": ["Dense 4 tanh", "Dense 1 sigmoid"],
    "digits": ["Flatten", "Dense 64 relu", "Dropout", DIGITS],
    "digits_cnn": ["Conv2D 8 relu", "MaxPooling2D", "Conv2D 16 relu", "MaxPooling2D", "Flatten", "Dropout", DIGITS],
    "keywords": [
        "Conv2D 16 relu",
        *["DepthwiseConv2D relu", "Conv2D 16 relu"] * 2,
        "GlobalAveragePooling2D",
        "Dropout",
        "Dense 8 softmax",
    ],
}
LAYERS |= {
    "gesture": ["Rescaling", "Conv1D 8 relu", "Conv1D 16 relu", "GlobalAveragePooling1D", "Dense 4 softmax"],
    "soil": ["Rescaling", "Dense 16 relu", "Dense 8 relu", "Dense 1 linear", "Rescaling"],
    "anomaly": ["Rescaling", "Dense 8 relu", "Dense 2 linear", "Dense 8 relu", "Dense 8 linear", "Rescaling"],
}
TRAINING = {
    "plane": ("SGD", 0.02, "mean_squared_error"),
    "adder_small": ("Adam", 0.001, "mean_squared_error"),
    "adder_wide": ("Adam", 0.001, "mean_squared_error"),
    "xor": ("Adam", 0.05, "binary_crossentropy"),
    "digits": ("Adam", 0.001, "categorical_crossentropy"),
    "keywords": ("Adam", 0.004, "categorical_crossentropy"),
}


def saved(road: Path, name: str) -> dict[str, Any]:
    with zipfile.ZipFile(road / name / "model.keras") as archive:
        found: dict[str, Any] = json.loads(archive.read("config.json"))
    return found


def described(layer: dict[str, Any]) -> str:
    config = layer["config"]
    parts = (layer["class_name"], config.get("units", config.get("filters")), config.get("activation"))
    return " ".join(str(part) for part in parts if part is not None)


@pytest.mark.parametrize("name", LAYERS)
def test_the_layers(road: Path, name: str) -> None:
    layers = saved(road, name)["config"]["layers"]
    assert [described(layer) for layer in layers] == ["InputLayer", *LAYERS[name]]


@pytest.mark.parametrize("name", TRAINING)
def test_optimizer_rate_and_loss(road: Path, name: str) -> None:
    compiled = saved(road, name)["compile_config"]
    kind, rate, loss = TRAINING[name]
    assert (compiled["optimizer"]["class_name"], compiled["loss"]) == (kind, loss)
    assert compiled["optimizer"]["config"]["learning_rate"] == pytest.approx(rate)


def test_batches_and_epochs() -> None:
    assert load_spec("plane").batch_size == 1, "one point an iteration"
    for name in ("adder_small", "adder_wide"):
        assert (load_spec(name).batch_size, load_spec(name).epochs) == (1, 5)


@pytest.mark.parametrize("name", ["adder_small", "adder_wide"])
def test_equal_odd_pairs_to_learn_from_and_equal_even_ones_to_test(name: str) -> None:
    learned, tested = load_spec(name).load_data(), load_spec(name).load_validation()
    assert tested is not None
    for data, first, last in ((learned, 1, 9999), (tested, 2, 9998)):
        numbers = np.arange(first, last + 1, 2)
        np.testing.assert_array_equal(data.inputs, np.stack([numbers, numbers], axis=1))
        np.testing.assert_array_equal(data.targets[:, 0], 2 * numbers)


def test_digits_stop_early_and_go_back_to_the_best() -> None:
    _, keras = import_keras()
    (stopping,) = load_spec("digits").callbacks()
    assert isinstance(stopping, keras.callbacks.EarlyStopping)
    assert (stopping.monitor, stopping.restore_best_weights) == ("val_loss", True)


@pytest.mark.parametrize(("activation", "wanted"), [("linear", "9.00"), ("relu", "9.00"), ("tanh", "1.24")])
def test_bank_with_each_activation_by_keras(road: Path, activation: str, wanted: str) -> None:
    _, keras = import_keras()
    model = keras.saving.load_model(road / "bank/model.keras")
    model.layers[0].activation = keras.activations.get(activation)
    assert f"{model(np.array([[2, 3]], np.float32)).numpy().item():.2f}" == wanted
