"""`import tinyml_pipeline as tinyml`: the documentation's example as written, names, and what callers get wrong."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import tinyml_pipeline as tinyml
from tinyml_pipeline.api_arguments import as_list, check_names, samples
from tinyml_pipeline.errors import SpecError, UsageError

from tests.firmware import board_here, dense_tflite, linear_tflite

EXAMPLE = """
import {first}
import tinyml_pipeline as tinyml
import {second}
import keras, numpy as np

keras.utils.set_random_seed(1)
x_train = np.linspace(-10, 10, 100, dtype=np.float32).reshape(-1, 1)
x_test = x_train[::7]
keras_model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
keras_model.set_weights([np.array([[2.0]]), np.array([-1.0])])

told = []
model  = tinyml.quantize(keras_model, x_train, inputs=[tinyml.Domain("x", -10, 10)])
model  = tinyml.quantize(keras_model, x_train, progress=lambda *step: told.append(step), name="model",
                         inputs=[tinyml.Domain("x", -10, 10)])
report = tinyml.verify(model, keras_model, x_test)
report.check()
assert "Keras = int8" in report._repr_html_() and "pass" in str(report), report
assert told and all(len(step) == 3 for step in told)
source = tinyml.compile(model, target="cortex-m4", optimize="speed"); source.write("firmware/model")
cost   = tinyml.measure(model, board="sim-uno")
assert cost.flash_bytes > 0 and cost.unit == "cycles", cost
sketch = tinyml.sketch(model, board="esp32", runtime="tflm")
assert "model/model.ino" in sketch, list(sketch)
inputs = np.array([[10.0], [-3.0]])
with tinyml.connect("sim-uno") as board: answers = board.run(model, inputs)
assert np.abs(answers - (2 * inputs - 1)).max() <= model.outputs[0].scale, answers
print("all of it")
"""


@pytest.mark.slow
@pytest.mark.parametrize(("first", "second"), [("os", "sys"), ("tensorflow", "os"), ("os", "tensorflow")])
def test_the_example_as_written(first: str, second: str, tmp_path: Path) -> None:
    """In a fresh process, and in one where TensorFlow runs already, as in a notebook."""
    board_here("sim-uno")
    script = EXAMPLE.format(first=first, second=second)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.stdout.endswith("all of it\n"), done.stderr
    assert (tmp_path / "firmware/model/model.c").is_file()
    assert "tinyml" not in done.stderr, "nothing is printed"


def test_every_exported_name_is_there() -> None:
    assert sorted(tinyml.__all__) == tinyml.__all__
    for name in tinyml.__all__:
        assert getattr(tinyml, name) is not None
    assert set(tinyml.__all__) <= set(dir(tinyml))
    with pytest.raises(AttributeError, match="no attribute 'convert_it'"):
        tinyml.convert_it  # noqa: B018


def test_the_import_is_cheap() -> None:
    script = (
        "import sys, tinyml_pipeline; print([m for m in ('numpy', 'tensorflow', 'rich', 'click') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_a_spec_needs_one_import_without_tensorflow() -> None:
    script = "import sys; from tinyml_pipeline import Dataset, Domain, ModelSpec; print('tensorflow' in sys.modules)"
    assert (
        subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout == "False\n"
    )


@pytest.fixture
def model(tmp_path: Path) -> tinyml.QuantizedModel:
    path = tmp_path / "dense.tflite"
    path.write_bytes(dense_tflite())
    return tinyml.load(path)


def keras_like(*shapes: tuple[int | None, ...], built: bool = True, weight: float = 1.0, **more: Any) -> Any:
    """What quantize() and verify() look at before they start TensorFlow; one output of the first input's shape."""
    tensors = [SimpleNamespace(shape=(None, *shape)) for shape in shapes] if built else []
    weights = [Weight(weight)]
    return SimpleNamespace(
        save=print, predict=print, inputs=tensors, outputs=tensors[:1], built=built, weights=weights, **more
    )


class Weight(np.ndarray):
    path = name = "dense/kernel"

    def __new__(cls, value: float) -> Weight:
        return np.array([value]).view(cls)


ONE, TWO = keras_like((1,)), keras_like((2,), (3,))


@pytest.mark.parametrize(
    ("keras_model", "x", "message"),
    [
        (None, [[1.0]], "a trained Keras model is needed here, not None."),
        ("model.keras", [[1.0]], "a trained Keras model is needed here, not an object of type str."),
        (type(ONE), [[1.0]], "a trained Keras model is needed here, not the class SimpleNamespace."),
        (
            keras_like(built=False, add=print),
            [[1.0]],
            "the Keras model is not built: its input shape is unknown. Begin it with",
        ),
        (
            keras_like(built=False),
            [[1.0]],
            "the input shape of the Keras model 'SimpleNamespace' is unknown: it is a class of its own. Build it with",
        ),
        (keras_like((None,)), [[1.0]], "the Keras model's input has the open shape (None,); every size must be fixed."),
        (keras_like((1,), weight=np.nan), [[1.0]], "the Keras model's weights 'dense/kernel' are NaN or infinite: its"),
        (keras_like((2,)), np.zeros((5, 3)), "x_train has the shape (5, 3); the model takes (samples, 2)."),
        (keras_like((2,)), np.zeros(2), "x_train has the shape (2,); the model takes (samples, 2)."),
        (keras_like((2,)), np.zeros((0, 2)), "x_train is empty; give at least one sample."),
        (ONE, [["a"]], "x_train holds <U1, not numbers; convert it with .astype('float32')."),
        (ONE, [[1.0], [np.nan]], "x_train[1, 0] is nan; 1 of 2 values are NaN or infinite. Clean the data"),
        (ONE, [[1.0], [1e300]], "x_train[1, 0] is 1e+300, more than float32 holds. Scale the data first."),
        (ONE, [[1.0], [1.0, 2.0]], "x_train: an object of type list is not an array of numbers."),
        (ONE, None, "x_train: None is not an array of numbers."),
        (ONE, {"x": [1.0]}, "x_train: an object of type dict is not an array of numbers."),
        (ONE, np.array([[1.0], [None]]), "x_train holds object, not numbers; convert it with .astype('float32')."),
        (TWO, np.zeros((5, 2)), "x_train: the model has 2 inputs; give a list of as many arrays."),
        (TWO, [np.zeros((5, 2)), np.zeros((4, 3))], "x_train: its arrays hold 5, 4 samples; each must hold as many"),
        (TWO, [np.zeros((5, 3)), np.zeros((5, 2))], "x_train[0] has the shape (5, 3); the model takes (samples, 2)."),
    ],
)
def test_what_quantize_refuses_before_tensorflow_starts(keras_model: Any, x: Any, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        tinyml.quantize(keras_model, x)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"inputs": ["x"]}, "inputs= holds an object of type str; give domains, as in [tinyml.Domain('x', -10, 10)]."),
        ({"seed": -1}, "seed= is -1; it must be a number, 0 or more."),
        ({"seed": "a"}, "seed= is 'a'; it must be a number, 0 or more."),
    ],
)
def test_what_quantize_refuses_of_its_options(arguments: Any, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        tinyml.quantize(ONE, [[1.0]], **arguments)
    assert str(caught.value) == message


def test_a_domain_is_two_numbers_and_given_once() -> None:
    with pytest.raises(SpecError, match=r"^domain 'x': low '0' and high '1' must be numbers\.$"):
        tinyml.Domain("x", "0", "1")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="inputs= is for a model with one input; this one has several"):
        tinyml.quantize(TWO, [np.zeros((1, 2)), np.zeros((1, 3))], inputs=[tinyml.Domain("x", 0, 1)])


def test_names_of_outputs_are_as_many_as_its_values(model: tinyml.QuantizedModel) -> None:
    values = model.outputs[0].size
    check_names(as_list("y") * values, model.outputs)
    with pytest.raises(
        UsageError, match=rf"^outputs= names {values + 1} values; the model has {values}, in 1 output\."
    ):
        check_names(["y"] * (values + 1), model.outputs)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"tolerance": float("nan")}, "tolerance= is nan; it must be a number, 0 or more."),
        ({"tolerance": -1}, "tolerance= is -1; it must be a number, 0 or more."),
        ({"tolerance": "0.1"}, "tolerance= is '0.1'; it must be a number, 0 or more."),
        ({"vectors": 0}, "vectors= is 0; it must be a number, 1 or more."),
        ({"boards": "unno"}, "there is no board 'unno'. Did you mean 'uno'?"),
    ],
)
def test_what_verify_refuses_of_its_options(arguments: Any, message: str, model: tinyml.QuantizedModel) -> None:
    with pytest.raises(UsageError) as caught:
        tinyml.verify(model, **arguments)
    assert str(caught.value) == message


def test_verify_refuses_a_keras_model_of_another_form(model: tinyml.QuantizedModel) -> None:
    own = model.inputs[0].shape
    other = (*own, 3)
    with pytest.raises(UsageError) as caught:
        tinyml.verify(model, keras_like(other), np.zeros((1, *other)))
    assert str(caught.value) == (
        f"the Keras model takes samples of shape {other}, the int8 model of shape {own}: int8 was not made from it."
    )


def test_what_is_no_model_or_no_file(tmp_path: Path, model: tinyml.QuantizedModel) -> None:
    with pytest.raises(UsageError, match=r"^a model of quantize\(\) or load\(\) is needed here, not an object of type"):
        tinyml.verify(ONE)  # type: ignore[arg-type]
    for work in (tinyml.compile, lambda it: tinyml.measure(it, "sim-uno"), lambda it: tinyml.sketch(it, "uno")):
        with pytest.raises(UsageError, match="needed here, not None"):
            work(None)
    with pytest.raises(UsageError, match="it is given both keras_model and x_test"):
        tinyml.verify(model, keras_like((2,)))
    with pytest.raises(UsageError, match="optimize= is 'fast'; choose 'size', 'balanced' or 'speed'"):
        tinyml.compile(model, optimize="fast")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="there is no file"):
        tinyml.load(tmp_path / "none.tflite")
    with pytest.raises(UsageError, match="there is no target 'cortex-m99'"):
        tinyml.compile(model, target="cortex-m99")
    with pytest.raises(UsageError, match=r"there is no board 'unno'\. Did you mean 'uno'"):
        tinyml.measure(model, board="unno")


def test_a_report_without_keras_and_a_board_that_answers(model: tinyml.QuantizedModel) -> None:
    board_here("host")
    report = tinyml.verify(model)
    report.check()
    assert "C on the host = TFLM" in str(report)
    assert repr(report) == str(report), "a console shows the rows, not the model's bytes"
    assert len(repr(model)) < 500
    port = model.inputs[0]
    with tinyml.connect("host") as board:
        raw = np.zeros((3, *port.shape), np.int8)
        answers = board.run(model, raw)
        assert answers.dtype == np.int8
        np.testing.assert_array_equal(model.outputs[0].dequantize(answers), board.run(model, port.dequantize(raw)))
        with pytest.raises(UsageError, match="inputs has the shape"):
            board.run(model, np.zeros((3, 99)))
        with pytest.raises(UsageError, match="needed here, not None"):
            board.run(None, raw)  # type: ignore[arg-type]


def test_int8_is_kept_if_all_inputs_are() -> None:
    shapes = [(2,), (3,)]
    int8 = [np.zeros((4, *shape), np.int8) for shape in shapes]
    assert {array.dtype for array in samples(int8, shapes, "inputs", keep_int8=True)} == {np.dtype(np.int8)}
    with pytest.raises(UsageError, match=r"^inputs: some of its arrays are int8, others are not; give real numbers"):
        samples([int8[0], int8[1].astype(float)], shapes, "inputs", keep_int8=True)


@pytest.mark.parametrize("target", ["portable", "cortex-m4", "Cortex-M4F", "uno", "rv32imc", "atmega328p"])
def test_targets_by_processor_and_by_board(target: str, model: tinyml.QuantizedModel, tmp_path: Path) -> None:
    source = tinyml.compile(model, target=target)
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "notes.txt").write_text("mine")
    assert source.write(folder) == folder
    assert {path: (folder / path).read_text() for path in source} == dict(source)
    assert (folder / "notes.txt").read_text() == "mine"


def test_names_of_files_are_names_of_models(tmp_path: Path) -> None:
    path = tmp_path / "neuron.tflite"
    path.write_bytes(linear_tflite())
    assert tinyml.load(str(path)).name == "neuron"
