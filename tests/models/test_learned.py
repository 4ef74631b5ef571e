"""What each trained model must have learned, to the digits of the tutorials; on the artifacts of one whole road."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt
import pytest
from tinyml_pipeline.artifacts import ModelFolder
from tinyml_pipeline.host.interpreters.tflm import TflmInterpreter
from tinyml_pipeline.models import anomaly
from tinyml_pipeline.models.catalog import load_spec, model_names
from tinyml_pipeline.parity.accuracy import classes
from tinyml_pipeline.parity.vectors import parity_inputs, random_inputs
from tinyml_pipeline.quantization.convert import KerasProcess
from tinyml_pipeline.quantization.quantized_model import QuantizedModel
from tinyml_pipeline.workflow.anomaly import errors_of, threshold_of
from tinyml_pipeline.workflow.chips import run_on_chip
from tinyml_pipeline.workflow.opened import OpenModel, named_model

from tests.firmware import board_here
from tests.tflite_writer import Writer
from tests.workflow.conftest import tinyml


def facts(road: Path, name: str, stage: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((road / name / "manifest.json").read_text())["stages"][stage]["facts"]
    return found


def row(road: Path, name: str, row_name: str) -> dict[str, Any]:
    (found,) = [row for row in facts(road, name, "parity")["rows"] if row["name"] == row_name]
    return found


def answers(road: Path, name: str) -> list[float]:
    return [answer["got"][0] for answer in facts(road, name, "train")["answers"]]


def weights(road: Path, name: str) -> list[npt.NDArray[np.float32]]:
    """Of the only dense layer, from the saved model."""
    with zipfile.ZipFile(road / name / "model.keras") as archive:
        data = io.BytesIO(archive.read("model.weights.h5"))
    with h5py.File(data) as file:
        values = file["layers/dense/vars"]
        return [np.array(values[key]) for key in sorted(values)]


def int8_model(road: Path, name: str) -> QuantizedModel:
    return named_model((road / name / "model.tflite").read_bytes(), load_spec(name))


@pytest.mark.parametrize("name", model_names())
def test_within_tolerance_and_equal_to_tflm(road: Path, name: str) -> None:
    judged = [
        one
        for one in facts(road, name, "parity")["rows"]
        if one["name"].startswith("Keras = int8") and not one["name"].endswith("edges and noise")
    ]
    assert judged
    for real in judged:
        assert real["worst"] <= real["tolerance"]
        if (stated := load_spec(name).tolerance) is not None:
            assert real["tolerance"] == stated
            assert stated < 2 * real["worst"], "a tolerance says something only where it is near"
    exact = row(road, name, "C on the host = TFLM")
    assert exact["mismatches"] == 0
    method = facts(road, name, "train")["method"]
    assert method == ("fixed weights" if name == "bank" else "fast loop")


def test_plane_comes_to_2_3_and_5(road: Path) -> None:
    spec = load_spec("plane")
    np.testing.assert_array_equal(spec.load_data().inputs, [(2, 3), (1, 1), (3, -1), (-1, 1), (-3, -2)])
    np.testing.assert_array_equal(spec.load_data().targets[:, 0], [18, 10, 8, 6, -7])
    assert spec.weights == ([[5], [8]], [-2])
    kernel, bias = weights(road, "plane")
    np.testing.assert_allclose([*kernel[:, 0], bias[0]], [2, 3, 5], atol=1e-4)


def test_bank_by_keras_gives_9(road: Path) -> None:
    assert answers(road, "bank") == [9.0]
    assert facts(road, "bank", "train")["epochs"] == 0
    assert (road / "bank/history.csv").read_text() == "epoch\n"


def test_the_adders_of_equal_pairs_fail_where_the_other_does_not(road: Path) -> None:
    assert answers(road, "adder") == [pytest.approx(12, abs=0.1)]
    (small,), (wide,) = answers(road, "adder_small"), answers(road, "adder_wide")
    # The tutorial's starts gave 21.6 and 12.8; these come from the seeds of the specs.
    assert (f"{small:.2f}", f"{wide:.1f}") == ("1.06", "13.6")
    for name in ("adder_small", "adder_wide"):
        assert facts(road, name, "train")["metrics"]["val_loss"] < 1, "on the diagonal all is well"
    said = (road / "train.txt").read_text()
    assert "adder: f(10, 2) = 12 (true: 12)\n" in said
    assert (
        "adder_small: f(10, 2) = 1.061 (true: 12), because its pairs lie on the diagonal, and all passes one ReLU"
        in said
    )
    assert "adder_wide: f(10, 2) = 13.6 (true: 12), because its pairs lie on the diagonal" in said


def test_xor(road: Path) -> None:
    np.testing.assert_allclose(answers(road, "xor"), [0, 1, 1, 0], atol=0.005)
    assert row(road, "xor", "accuracy")["int8_percent"] == 100


def test_sine_is_nearer_to_the_truth_than_its_samples_were(road: Path) -> None:
    port = int8_model(road, "sine").inputs[0]
    with np.load(road / "sine/keras_answers.npz") as arrays:
        x, y = port.dequantize(arrays["input_0"]), arrays["answers"]
    assert np.sqrt(np.mean((y - np.sin(x)) ** 2)) < 0.03
    assert np.abs(y - np.sin(x)).max() < 0.1


@pytest.mark.parametrize(
    ("name", "vectors"), [("digits", 360), ("digits_cnn", 360), ("gesture", 48), ("keywords", 400)]
)
def test_accuracy(road: Path, name: str, vectors: int) -> None:
    found = row(road, name, "accuracy")
    assert found["vectors"] == vectors
    assert found["keras_percent"] >= 96
    assert found["keras_percent"] - found["int8_percent"] <= 0.5
    assert f"accuracy: {found['summary']}" in (road / "convert.txt").read_text()
    assert facts(road, name, "train")["epochs"] <= load_spec(name).epochs


def test_every_pattern_is_in_every_set_and_no_sound_in_two() -> None:
    spec = load_spec("keywords")
    validation, test = spec.load_validation(), spec.load_test()
    assert validation is not None
    assert test is not None
    sets = [spec.load_data(), validation, test]
    assert [data.inputs.shape for data in sets] == [(1200, 49, 10, 1), (240, 49, 10, 1), (400, 49, 10, 1)]
    for data in sets:
        assert data.inputs.min() >= 0
        assert data.inputs.max() == 8
        assert data.targets.sum(axis=0).min() > 15, "every pattern is in every set"
    assert len(np.unique(np.concatenate([data.inputs.reshape(len(data.inputs), -1) for data in sets]), axis=0)) == 1840


def test_soil_is_as_wet_as_int8_says(road: Path, keras_process: KerasProcess) -> None:
    """Mean absolute error on the test part: int8 within 5 % of Keras, and far below the 15 points of a guess."""
    spec, model = load_spec("soil"), int8_model(road, "soil")
    test = spec.load_test()
    assert test is not None
    (stored,) = TflmInterpreter(model.tflite).invoke([model.inputs[0].quantize(test.inputs)])
    int8 = np.abs(model.outputs[0].dequantize(stored) - test.targets).mean()
    trained = (road / "soil/model.keras").read_bytes()
    real = np.abs(keras_process.predict(trained, [test.inputs], "soil") - test.targets).mean()
    assert int8 < 1.05 * real
    assert real < 1


def test_faults_that_were_never_shown_are_anomalies(road: Path) -> None:
    """By the threshold of the validation data, with the answers of the int8 model, as on the device."""
    spec = load_spec("anomaly")
    opened = OpenModel(spec, int8_model(road, "anomaly"), ModelFolder(road, "anomaly"))
    found = threshold_of(opened)
    assert found is not None
    assert f"errors above {found.error:.4g}" in (road / "convert.txt").read_text()
    test = spec.load_test()
    assert test is not None
    assert np.mean(errors_of(spec, opened, test.inputs) > found.error) < 0.03
    for fault, rows in anomaly.faulty(np.random.default_rng(5)).items():
        assert np.mean(errors_of(spec, opened, rows) > found.error) > 0.9, fault


def test_no_digit_is_in_two_sets() -> None:
    spec = load_spec("digits")
    validation, test = spec.load_validation(), spec.load_test()
    assert validation is not None
    assert test is not None
    sets = [data.inputs.reshape(len(data.inputs), -1) for data in (spec.load_data(), validation, test)]
    assert [len(images) for images in sets] == [1150, 287, 360]
    assert len(np.unique(np.concatenate(sets), axis=0)) == 1797


def test_digits_on_a_cortex_m4_are_int8s_on_every_image(road: Path) -> None:
    board, model, test = board_here("sim-cortex-m4"), int8_model(road, "digits"), load_spec("digits").load_test()
    assert test is not None
    inputs = [model.inputs[0].quantize(test.inputs)]
    (chip,) = run_on_chip(model, board, inputs)
    np.testing.assert_array_equal(chip, TflmInterpreter(model.tflite).invoke(inputs)[0])
    right = (classes(model.outputs[0].dequantize(chip)) == classes(test.targets)).mean() * 100
    assert right == pytest.approx(row(road, "digits", "accuracy")["int8_percent"])


def test_the_images_of_the_test_are_among_the_proven_inputs(road: Path) -> None:
    model, test = int8_model(road, "digits"), load_spec("digits").load_test()
    assert test is not None
    with np.load(road / "digits/keras_answers.npz") as arrays:
        proven = {image.tobytes() for image in arrays["input_0"]}
    assert {image.tobytes() for image in model.inputs[0].quantize(test.inputs)} <= proven


@pytest.mark.parametrize("board", ["sim-cortex-m0", "sim-esp32c3", "sim-uno"])
@pytest.mark.parametrize("name", ["digits", "digits_cnn", "xor"])
def test_plain_c_on_small_chips(road: Path, name: str, board: str) -> None:
    """The models with operators that linear and adder do not have; `tinyml parity` tries all on every processor."""
    model = int8_model(road, name)
    inputs = random_inputs(model.inputs, 50, seed=1).reshape(50, *model.inputs[0].shape)
    (chip,) = run_on_chip(model, board_here(board), [inputs])
    np.testing.assert_array_equal(chip, TflmInterpreter(model.tflite).invoke([inputs])[0])


def test_a_model_without_plain_c_says_so_and_passes(tmp_path: Path) -> None:
    """TFLM pads here with a number that nothing sets, which no C can reproduce."""
    writer = Writer()
    source, output = writer.tensor((1, 2, 2, 1), 0.05, 0), writer.tensor((4, 2, 1, 1), 0.05, 0)
    block = writer.tensor((2,), type="INT32", data=[2, 2])
    padding = writer.tensor((2, 2), type="INT32", data=[[0, 2], [0, 0]])
    writer.operation("SPACE_TO_BATCH_ND", [source, block, padding], [output])
    path = tmp_path / "padded.tflite"
    path.write_bytes(writer.build([source], [output]))
    done = tinyml(tmp_path, "parity", str(path), "--board", "host", "--json")
    assert done.returncode == 0, done.stderr
    assert "padded: no plain C: " in done.stderr
    assert not [row for row in json.loads(done.stdout)[0]["facts"]["parity"]["rows"] if row["name"].startswith("C on")]


def test_two_valued_models_are_proven_on_every_input(road: Path) -> None:
    for name in ("plane", "bank", "xor", "adder_small", "adder_wide"):
        assert parity_inputs(int8_model(road, name).inputs).exhaustive
        assert facts(road, name, "parity")["exhaustive"]
