"""Specs that cannot be: each one clear line."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tinyml_pipeline.errors import PipelineError, SpecError, UsageError
from tinyml_pipeline.models import linear
from tinyml_pipeline.models.catalog import load_spec, load_spec_file, model_names, source_path
from tinyml_pipeline.models.spec import Dataset, Domain, ImportedSpec, ModelSpec
from tinyml_pipeline.training.prepare import prepare
from tinyml_pipeline.user_code import shown


def spec_with(**changes: object) -> ModelSpec:
    parts: dict[str, object] = {
        "name": "m",
        "summary": "",
        "build": lambda: None,
        "data": lambda rng: Dataset(np.zeros((1, 1), np.float32), np.zeros((1, 1), np.float32)),
        "optimizer": lambda: None,
        "loss": "mean_squared_error",
        "epochs": 1,
        "batch_size": 1,
        "inputs": (Domain("x", 0, 1),),
        "outputs": ("y",),
        "tolerance": 0.1,
    }
    return ModelSpec(**{**parts, **changes})  # type: ignore[arg-type]


def dataset(inputs: object, targets: object = ((1.0,),)) -> Dataset:
    return Dataset(np.array(inputs), np.array(targets))


REFUSED = {
    "domain upside down": (
        lambda: Domain("x", 3, -3),
        "domain 'x': low 3 must be below high -3, and both must be finite in float32.",
    ),
    "empty domain": (
        lambda: Domain("x", 2, 2),
        "domain 'x': low 2 must be below high 2, and both must be finite in float32.",
    ),
    "domain without end": (
        lambda: Domain("x", 0, float("inf")),
        "domain 'x': low 0 must be below high inf, and both must be finite in float32.",
    ),
    "domain beyond float32": (
        lambda: Domain("y", 0, 1e39),
        "domain 'y': low 0 must be below high 1e+39, and both must be finite in float32.",
    ),
    "data beyond float32": (
        lambda: dataset([[1e39]]),
        "data: inputs[0, 0] is 1e+39; 1 of 1 values are NaN or beyond float32. Clean the data first.",
    ),
    "a seed that Keras refuses": (
        lambda: spec_with(seed=2**32),
        "model 'm': seed is 4294967296; it must be from 0 to 4294967295.",
    ),
    "a negative seed": (lambda: spec_with(seed=-1), "model 'm': seed is -1; it must be from 0 to 4294967295."),
    "accuracy of an imported model": (
        lambda: ImportedSpec(
            name="m", summary="", inputs=(Domain("x", 0, 1),), outputs=("y",), file="m.keras", accuracy_percent=90
        ),
        "model 'm': accuracy_percent asks for test data; an imported model has none, so leave it out.",
    ),
    "NaN": (
        lambda: dataset([[0.0, 1.0], [2.0, float("nan")]]),
        "data: inputs[1, 1] is nan; 1 of 4 values are NaN or beyond float32. Clean the data first.",
    ),
    "infinity in the targets": (
        lambda: dataset([[1.0]], [[float("-inf")]]),
        "data: targets[0, 0] is -inf; 1 of 1 values are NaN or beyond float32. Clean the data first.",
    ),
    "empty": (lambda: dataset(np.zeros((0, 2))), "data: inputs are empty; give at least one sample."),
    "text": (lambda: dataset([["a"]]), "data: inputs hold <U1, not numbers."),
    "unequal lengths": (
        lambda: dataset([[1.0], [2.0]]),
        "data: 2 inputs but 1 targets; each input needs one.",
    ),
    "name": (
        lambda: spec_with(name="My Model"),
        "model name 'My Model': use lower-case letters, digits and underscores, and begin with a letter.",
    ),
    "name that begins with a digit": (
        lambda: spec_with(name="2line"),
        "model name '2line': use lower-case letters, digits and underscores, and begin with a letter.",
    ),
    "epochs as text": (lambda: spec_with(epochs="500"), "model 'm': epochs is '500'; it must be a whole number."),
    "tolerance as text": (
        lambda: spec_with(tolerance="0.24"),
        "model 'm': tolerance is '0.24'; it must be a number or None.",
    ),
    "loss as a function": (lambda: spec_with(loss=abs), f"model 'm': loss is {abs!r}; it must be text."),
    "data that was called": (lambda: spec_with(data=3), "model 'm': data is 3; it must be a function."),
    "test that was called": (lambda: spec_with(test=3), "model 'm': test is 3; it must be a function or None."),
    "one output without its comma": (
        lambda: spec_with(outputs=("y")),
        """model 'm': outputs is 'y'; it must be a tuple of names or Domains, such as ("y",) with its last comma.""",
    ),
    "one input without its comma": (
        lambda: spec_with(inputs=(Domain("x", 0, 1))),
        "model 'm': inputs is Domain(name='x', low=0, high=1, unit=''); it must be a tuple of Domains, such as"
        """ (Domain("x", -10, 10),) with its last comma.""",
    ),
    "an offset without end": (
        lambda: Domain("x", 0, 1, offset=float("nan")),
        "domain 'x': offset nan must be finite, and factor 1 finite and above 0.",
    ),
    "a factor of 0": (
        lambda: Domain("x", 0, 1, factor=0),
        "domain 'x': offset 0 must be finite, and factor 0 finite and above 0.",
    ),
    "a tolerance of 0": (
        lambda: Domain("y", 0, 1, tolerance=0),
        "domain 'y': tolerance is 0; it must be above 0.",
    ),
    "no arrays": (lambda: Dataset({}, np.ones(2)), "data: inputs are an empty mapping; give an array for each."),
    "NaN in one of several": (
        lambda: Dataset({"a": np.ones(2), "b": np.array([1, np.nan])}, np.ones(2)),
        "data: inputs['b'][1] is nan; 1 of 2 values are NaN or beyond float32. Clean the data first.",
    ),
    "arrays of unlike length": (
        lambda: Dataset({"a": np.ones(2), "b": np.ones(3)}, np.ones(2)),
        "data: the arrays of a mapping must have the same number of samples.",
    ),
    "inputs of other names": (
        lambda: Dataset({"a": np.ones((2, 1)), "b": np.ones((2, 1))}, np.ones(2)).inputs_of(["a", "c"], [(1,), (1,)]),
        "data: inputs are named a, b, but the network has a, c.",
    ),
    "columns that do not divide": (
        lambda: Dataset(np.ones((2, 4)), np.ones(2)).inputs_of(["a", "b"], [(1,), (2,)]),
        "data: inputs have 4 values a sample, but the network's 2 tensors (a, b) have 1 + 2. Give a mapping of their"
        " names to arrays.",
    ),
    "a question with another number of inputs": (
        lambda: spec_with(inputs=(Domain("a", 0, 9), Domain("b", 0, 9)), checks=(((1,), (2,)),)),
        "model 'm': checks asks f(1), but it takes 2 inputs.",
    ),
    "a question with another number of answers": (
        lambda: spec_with(checks=(((1,), (2, 3)),)),
        "model 'm': checks asks f(1) with 2 answers, but it has 1 output.",
    ),
    "a question outside of the range": (
        lambda: spec_with(checks=(((0.5,), (2,)), ((100,), (302,)))),
        "model 'm': checks asks f(100), but 100 is outside of x, 0 to 1.",
    ),
    "epochs": (lambda: spec_with(epochs=0), "model 'm': epochs is 0; it must be at least 1."),
    "tolerance": (lambda: spec_with(tolerance=float("nan")), "model 'm': tolerance is nan; it must be above 0."),
    "epochs with weights": (
        lambda: spec_with(epochs=-1, weights=([[1]],)),
        "model 'm': epochs is -1; it must be at least 1.",
    ),
    "accuracy of nothing": (
        lambda: spec_with(accuracy_percent=90),
        "model 'm': accuracy_percent asks for test data; give it a test function.",
    ),
    "stride": (
        lambda: spec_with(stride=-1),
        "model 'm': stride is -1; it must be at least 1, or 0 for what is not a time series.",
    ),
    "files": (lambda: spec_with(files="x.csv"), "model 'm': files is 'x.csv'; it must be a tuple of paths."),
    "normal percent": (
        lambda: spec_with(normal_percent=101, validation=lambda rng: None),
        "model 'm': normal_percent is 101; it must be above 0 and at most 100.",
    ),
    "normal percent of nothing": (
        lambda: spec_with(normal_percent=99),
        "model 'm': normal_percent asks for validation data; give it a validation function.",
    ),
    "test function that raises": (
        lambda: spec_with(test=lambda rng: 1 / 0).load_test(),
        f"model 'm': its test function raised ZeroDivisionError: division by zero ({shown(__file__)}, line #).",
    ),
    "validation function that returns None": (
        lambda: spec_with(validation=lambda rng: None).load_validation(),
        "model 'm': its validation function returned NoneType, not a Dataset.",
    ),
    "inputs": (lambda: spec_with(inputs=()), "model 'm': name at least one input and one output."),
    "data function that raises": (
        lambda: spec_with(data=lambda rng: 1 / 0).load_data(),
        f"model 'm': its data function raised ZeroDivisionError: division by zero ({shown(__file__)}, line #).",
    ),
    "data function that returns a list": (
        lambda: spec_with(data=lambda rng: []).load_data(),
        "model 'm': its data function returned list, not a Dataset.",
    ),
    "data function with NaN": (
        lambda: spec_with(data=lambda rng: dataset([[float("nan")]])).load_data(),
        "model 'm': data: inputs[0, 0] is nan; 1 of 1 values are NaN or beyond float32. Clean the data first.",
    ),
}


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED.keys())
def test_refused(case: tuple[object, str]) -> None:
    make, message = case
    with pytest.raises(SpecError) as caught:
        make()  # type: ignore[operator]
    assert re.sub(r"line \d+", "line #", str(caught.value)) == message


QUESTIONS = {
    "no outer comma": (((10,), (32,))),
    "no inner commas": (((10), (32)),),
    "as the README's parts": ((10,), (32,)),
    "text": "f(10) = 32",
    "text inside": ((("10",), (32,)),),
    "a dictionary": {10: 32},
    "None": None,
    "without an answer": (((10,),),),
    "nothing asked": (((), (32,)),),
}


@pytest.mark.parametrize("checks", QUESTIONS.values(), ids=QUESTIONS.keys())
def test_questions_that_are_none(checks: object) -> None:
    with pytest.raises(SpecError) as caught:
        spec_with(checks=checks)
    assert str(caught.value) == (
        f"model 'm': checks is {checks!r}; it must be a tuple of questions with their answers, such as"
        " (((10,), (32,)),) with all its commas."
    )


SPEC_FILES = {
    "raises": ("\n1 / 0", "models/m.py, line 2: ZeroDivisionError: division by zero. Fix the spec file."),
    "no Python": ("\n\na b", "models/m.py, line 3: SyntaxError: invalid syntax. Fix the spec file."),
    "imports what is not there": (
        "import nowhere",
        "models/m.py, line 1: ModuleNotFoundError: No module named 'nowhere'. Fix the spec file.",
    ),
    "no SPEC": ("", "models/m.py defines no SPEC; give it one: SPEC = ModelSpec(name='m', ...)."),
    "SPEC of another kind": (
        "SPEC = {'name': 'm'}",
        "models/m.py: its SPEC is of type dict, not a ModelSpec or ImportedSpec.",
    ),
    "SPEC is a class": (
        "from tinyml_pipeline import ModelSpec as SPEC",
        "models/m.py: its SPEC is the class ModelSpec, not a ModelSpec or ImportedSpec.",
    ),
    "a domain upside down": (
        "from tinyml_pipeline.models.spec import Domain\nDomain('x', 1, 0)",
        "models/m.py, line 2: domain 'x': low 1 must be below high 0, and both must be finite in float32.",
    ),
    "leaves": ("raise SystemExit(3)", "models/m.py, line 1: SystemExit: 3. Fix the spec file."),
}


@pytest.fixture
def spec_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The place of a spec file below the current folder, as a user's is."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "models").mkdir()
    return tmp_path / "models/m.py"


@pytest.mark.parametrize("case", SPEC_FILES.values(), ids=SPEC_FILES.keys())
def test_spec_file_refused(case: tuple[str, str], spec_file: Path) -> None:
    text, message = case
    spec_file.write_text(text)
    with pytest.raises(SpecError) as caught:
        load_spec_file(spec_file, "m")
    assert str(caught.value) == message


OF_A_USER = """
from tinyml_pipeline.models import linear
from dataclasses import replace
import numpy as np

def data(rng):
    return points()

def points():
    return np.ones(numbr)

def build():
    import keras

    return keras.Sequential([keras.layers.Dropout(2)])

SPEC = replace(linear.SPEC, name="m", data=data, build=build)
"""


def test_a_function_that_raises_is_told_with_its_line(spec_file: Path) -> None:
    spec_file.write_text(OF_A_USER)
    with pytest.raises(SpecError) as caught:
        load_spec_file(spec_file, "m").load_data()
    assert str(caught.value) == (
        "model 'm': its data function raised NameError: name 'numbr' is not defined (models/m.py, line 10)."
    )


def test_a_network_that_raises_is_told_with_its_line(spec_file: Path) -> None:
    spec_file.write_text(OF_A_USER.replace("numbr", "1"))
    with pytest.raises(SpecError) as caught:
        prepare(replace(load_spec_file(spec_file, "m"), data=linear.data))
    assert str(caught.value) == (
        "model 'm': its build function raised ValueError: Invalid value received for argument `rate`. Expected a"
        " float value between 0 and 1. Received: rate=2 (models/m.py, line 15)."
    )


def test_a_spec_of_another_name_is_refused(spec_file: Path) -> None:
    spec_file.write_text(source_path("linear").read_text())
    with pytest.raises(SpecError) as caught:
        load_spec_file(spec_file, "m")
    assert str(caught.value) == "models/m.py names its model 'linear'; file and model must have the same name."


def test_unknown_models_name_the_nearest() -> None:
    with pytest.raises(UsageError) as caught:
        source_path("liner")
    assert str(caught.value) == "there is no model 'liner'. Did you mean 'linear'?"
    with pytest.raises(UsageError) as caught:
        source_path("zzz")
    assert str(caught.value) == f"there is no model 'zzz'. There are: {', '.join(model_names())}."


@pytest.mark.parametrize("name", model_names())
def test_every_model_loads_and_draws_the_same_data_each_time(name: str) -> None:
    spec = load_spec(name)
    first, second = spec.load_data(), spec.load_data()
    np.testing.assert_array_equal(first.inputs, second.inputs)
    np.testing.assert_array_equal(first.targets, second.targets)


def test_every_error_is_a_line_of_its_own_family() -> None:
    assert PipelineError.exit_code == 1
    assert UsageError.exit_code == 2


def test_a_mapping_and_columns_feed_several_tensors_in_the_order_of_the_network() -> None:
    by_name = Dataset({"b": np.full((3, 2), 2), "a": np.ones((3, 1))}, np.zeros((3, 1)))
    in_columns = Dataset(np.array([[1, 2, 2]] * 3), np.zeros((3, 1)))
    for data in (by_name, in_columns):
        assert len(data) == 3
        first, second = data.inputs_of(["a", "b"], [(1,), (2,)])
        np.testing.assert_array_equal(first, np.ones((3, 1)))
        np.testing.assert_array_equal(second, np.full((3, 2), 2))


def test_output_names_are_those_of_domains_and_of_plain_names() -> None:
    assert spec_with(outputs=("a", Domain("b", 0, 1, "C", tolerance=0.5))).output_names == ("a", "b")
