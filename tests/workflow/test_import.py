"""Trained models from elsewhere: imported with their weights as they are, then models of the project like any other."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tinyml_pipeline.artifacts import ModelFolder
from tinyml_pipeline.errors import ModelFileError, UsageError
from tinyml_pipeline.models.spec import ImportedSpec, ModelSpec
from tinyml_pipeline.project import Project
from tinyml_pipeline.quantization.convert import KerasProcess
from tinyml_pipeline.workflow.imported_text import InputRange, named_inputs

from tests.conftest import BuildKeras
from tests.tflite_writer import Writer
from tests.workflow.importing import converted, imported, network_of, run, samples, weights, write

DENSE = (
    "Sequential([Input((4,), name='acc'), layers.Dense(8, activation='relu'), layers.BatchNormalization(),"
    " layers.Dense(3, activation='softmax')])"
)
TWO = (
    "(lambda a, b: keras.Model([a, b], [layers.Dense(2, name='kind')(layers.Concatenate()([a, layers.Flatten()(b)])),"
    " layers.Dense(1, name='level')(a)]))(Input((3,), name='sensors'), Input((6, 1), name='wave'))"
)
LSTM = "Sequential([Input((4, 2)), layers.LSTM(3), layers.Dense(1)])"


def test_a_keras_file_goes_all_the_way(project: Project, keras_process: KerasProcess, build_keras: BuildKeras) -> None:
    """Batch normalization with statistics of its own: not a bit of the weights may move."""
    shapes = [(4, 8), (8,), (8,), (8,), (8,), (8,), (8, 3), (3,)]
    archive = build_keras(DENSE, weights(1, *shapes))
    Path("My net-2.keras").write_bytes(archive)
    x = samples(4)
    np.save("x.npy", x)
    made = imported(Path("My net-2.keras"), project, keras_process, data="x.npy")
    assert (made.asked, made.spec) == ("my_net_2", "models/my_net_2.py")
    ours, theirs = (keras_process.predict(one, x) for one in (network_of(project, "my_net_2"), archive))
    np.testing.assert_array_equal(ours, theirs)
    text = Path("models/my_net_2.py").read_text()
    assert text.startswith('"""my_net_2: a network that was trained elsewhere, taken as it is."""\n')
    assert 'file="../My net-2.keras",  # from the folder of this spec\n    samples="../x.npy",  # real inputs' in text
    assert 'outputs=("output_0", "output_1", "output_2"),' in text
    spec = Project.find(Path()).model("my_net_2").load()
    assert isinstance(spec, ImportedSpec)
    assert [domain.name for domain in spec.inputs] == ["acc_0", "acc_1", "acc_2", "acc_3"]
    assert all(domain.low <= column.min() and column.max() <= domain.high
               for domain, column in zip(spec.inputs, x.T, strict=True))  # fmt: skip
    done = converted("my_net_2", keras_process)
    assert done.passed
    assert not done.up_to_date
    assert converted("my_net_2", keras_process).up_to_date
    assert [port.values for port in done.converted.inputs] == [("acc_0", "acc_1", "acc_2", "acc_3")]
    for command in (["parity", "my_net_2", "--board", "host"], ["compile", "my_net_2"], ["generate", "my_net_2"]):
        assert run(*command).exit_code == 0, command
    result = run("predict", "my_net_2", "1", "0.5", "-1", "0", "--json")
    (answer,) = json.loads(result.stdout)
    expected = keras_process.predict(archive, np.float32([[1, 0.5, -1, 0]]))[0]
    assert [one["keras"] for one in answer["answers"]] == expected.tolist()


def test_two_inputs_and_two_outputs(project: Project, keras_process: KerasProcess, build_keras: BuildKeras) -> None:
    archive = build_keras(TWO, weights(2, (9, 2), (2,), (3, 1), (1,)))
    Path("two.keras").write_bytes(archive)
    sensors, wave = samples(3, seed=1), samples(6, 1, seed=2)
    np.savez("x.npz", wave=wave, sensors=sensors)
    imported(Path("two.keras"), project, keras_process, data="x.npz")
    spec = Project.find(Path()).model("two").load()
    assert [domain.name for domain in spec.inputs] == ["sensors_0", "sensors_1", "sensors_2", "wave"]
    assert spec.outputs == ("kind", "level")
    ours, theirs = (keras_process.predict_all(one, [sensors, wave]) for one in (network_of(project, "two"), archive))
    assert all(map(np.array_equal, ours, theirs))
    done = converted("two", keras_process)
    assert done.passed
    assert [row.name for row in done.proof.rows][:4] == [
        *("Keras = int8, kind", "Keras = int8, kind, edges and noise"),
        *("Keras = int8, level", "Keras = int8, level, edges and noise"),
    ]
    assert [port.name for port in done.converted.outputs] == ["kind", "level"]
    numbers = ["0.5", "-0.25", "1", "0", "0.1", "0.2", "0.3", "0.4", "0.5"]
    (answer,) = json.loads(run("predict", "two", *numbers, "--json").stdout)
    asked = np.float32([list(map(float, numbers))])
    expected = keras_process.predict_all(archive, [asked[:, :3], asked[:, 3:].reshape(1, 6, 1)])
    assert [one["keras"] for one in answer["answers"]] == [value for output in expected for value in output[0].tolist()]


@pytest.mark.parametrize("form", ["h5", "savedmodel"])
def test_other_forms_of_keras_3(
    project: Project, keras_process: KerasProcess, build_keras: BuildKeras, form: str
) -> None:
    archive = build_keras(DENSE, weights(3, (4, 8), (8,), (8,), (8,), (8,), (8,), (8, 3), (3,)))
    x = samples(4)
    place = write(Path("net.h5" if form == "h5" else "net"), keras_process.export(archive, form, [x], "net"))
    np.savetxt("x.csv", x, delimiter=",", header="ax,ay,az,temperature", comments="")
    imported(place, project, keras_process, data="x.csv")
    ours, theirs = (keras_process.predict(one, x) for one in (network_of(project, "net"), archive))
    np.testing.assert_array_equal(ours, theirs)
    spec = Project.find(Path()).model("net").load()
    assert [domain.name for domain in spec.inputs] == ["ax", "ay", "az", "temperature"]
    assert converted("net", keras_process).passed


def test_a_float_tflite(
    project: Project,
    keras_process: KerasProcess,
    build_keras: BuildKeras,
    convert_otherwise: Callable[..., bytes],
) -> None:
    archive = build_keras(DENSE, weights(4, (4, 8), (8,), (8,), (8,), (8,), (8,), (8, 3), (3,)))
    Path("net.tflite").write_bytes(convert_otherwise(archive, "float"))
    np.save("x.npy", samples(4))
    imported(Path("net.tflite"), project, keras_process, data="x.npy")
    assert network_of(project, "net") == Path("net.tflite").read_bytes()
    assert converted("net", keras_process).passed


def test_an_int8_tflite_is_taken_as_it_is(project: Project, linear_tflite: bytes) -> None:
    """No Keras: nothing to start, and nothing to compare with."""
    Path("line.tflite").write_bytes(linear_tflite)
    with KerasProcess(module="no.such.module") as keras:
        imported(Path("line.tflite"), project, keras, inputs=("x",))
        done = converted("line", keras)
    assert done.passed
    assert ModelFolder(Path("artifacts"), "line").read("model.tflite", made_by="convert") == linear_tflite
    assert done.proof.rows[0].name == "C array = .tflite"
    assert run("parity", "line", "--board", "host").exit_code == 0
    result = run("predict", "line", "3")
    assert result.exit_code == 0
    assert "answer  int8          C on this computer" in result.stdout
    assert run("predict", "line", "3").stdout.splitlines()[1].split() == [
        "line",
        "you",
        "typed",
        "int8",
        "sees",
        "stored",
        "as",
    ]


def test_an_lstm_is_unrolled_on_request(project: Project, keras_process: KerasProcess, build_keras: BuildKeras) -> None:
    archive = build_keras(LSTM)
    Path("net.keras").write_bytes(archive)
    x = samples(4, 2)
    np.save("x.npy", x)
    imported(Path("net.keras"), project, keras_process, data="x.npy", unroll=True)
    ours, theirs = (keras_process.predict(one, x) for one in (network_of(project, "net"), archive))
    np.testing.assert_array_equal(ours, theirs)
    assert "    unroll=True,  # writes out every step of its recurrent layers\n" in Path("models/net.py").read_text()
    assert converted("net", keras_process).passed


def test_an_edited_spec_and_a_new_file_count(
    project: Project, keras_process: KerasProcess, build_keras: BuildKeras
) -> None:
    archive = build_keras("Sequential([Input((1,)), layers.Dense(1)])", [[[2]], [-1]])
    Path("line.keras").write_bytes(archive)
    imported(Path("line.keras"), project, keras_process, inputs=("t:-10:10",))
    assert converted("line", keras_process).converted.inputs[0].values == ("t",)
    spec = Path("models/line.py")
    spec.write_text(spec.read_text().replace('Domain("t", -10.0, 10.0)', 'Domain("depth", 0.0, 40.0)'))
    again = converted("line", keras_process)
    assert again.converted.inputs[0].values == ("depth",)
    assert again.converted.inputs[0].high == pytest.approx(40, abs=0.2)
    Path("line.keras").write_bytes(build_keras("Sequential([Input((1,)), layers.Dense(1)])", [[[3]], [-1]]))
    third = converted("line", keras_process)
    assert not third.up_to_date
    assert third.converted.outputs[0].high == pytest.approx(119, rel=0.02)


def test_two_sensors_of_different_range_get_scales_of_their_own(
    project: Project, keras_process: KerasProcess, build_keras: BuildKeras
) -> None:
    """Every one of the 65,536 inputs is one that the sensors may give: int8 is as exact there as on data, but for those
    that lie further out together than any sample, which are counted apart."""
    Path("two.keras").write_bytes(build_keras("Sequential([Input((2,)), layers.Dense(1)])", [[[0.01], [0.1]], [0]]))
    np.save("x.npy", np.random.default_rng(1).uniform([0, -10], [100, 10], (200, 2)).astype(np.float32))
    imported(Path("two.keras"), project, keras_process, data="x.npy")
    assert converted("two", keras_process).passed
    rows = json.loads(Path("artifacts/two/parity.json").read_text())["rows"]
    assert [(row["name"], row["verdict"]) for row in rows[:2]] == [
        ("Keras = int8", "pass"),
        ("Keras = int8, edges and noise", "info"),
    ]
    assert rows[1]["vectors"] == 65_536
    assert rows[1]["worst_steps"] < 2
    assert 0 < rows[1]["saturated"] < 6_000


def test_several_names_without_ranges_after_one_inputs(project: Project) -> None:
    """The file may stand before or after them."""
    Path("rows.csv").write_text("wet,warm\n10,-5\n90,40\n50,20\n")
    writer = Writer()
    source = writer.tensor((1, 2), 0.5, 0)
    weights, bias = np.array([[3, -4]], np.int8), np.zeros(1, np.int32)
    Path("two.tflite").write_bytes(writer.build([source], [writer.fully_connected(source, weights, 0.1, bias, 0.5, 0)]))
    for words in (["two.tflite", "--inputs", "wet", "warm"], ["--inputs", "wet", "warm", "two.tflite"]):
        result = run("import", *words, "--data", "rows.csv", "--force")
        assert (result.exit_code, result.stderr) == (0, "")
        assert b'Domain("wet", ' in Path("models/two.py").read_bytes()
        assert b'Domain("warm", ' in Path("models/two.py").read_bytes()


def test_convert_takes_the_file_and_import_the_name(project: Project, linear_tflite: bytes) -> None:
    Path("line.tflite").write_bytes(linear_tflite)
    assert run("convert", "line.tflite").exit_code == 0
    before = Path("models/line.py").read_bytes()
    result = run("convert", "line.tflite")
    assert (result.exit_code, "artifacts/line: up to date" in result.stdout) == (0, True)
    assert Path("models/line.py").read_bytes() == before
    assert run("import", "line").exit_code == 0
    result = run("import", "line.tflite", "--inputs", "x")
    assert (result.exit_code, result.stderr) == (
        2,
        "tinyml: models/line.py is there already. Change it and run: tinyml convert line; or choose another name with"
        " --name, or replace it with --force.\n",
    )
    assert run("import", "line.tflite", "--inputs", "x", "--force").exit_code == 0
    assert b'Domain("x", ' in Path("models/line.py").read_bytes()
    result = run("train", "line")
    assert (result.exit_code, result.stderr) == (
        1,
        "tinyml: line was trained elsewhere and is taken as it is, so that there is nothing to train. Run: tinyml"
        " convert line\n",
    )
    result = run("convert", "line.tflite", "--name", "other")
    assert result.stderr == (
        "tinyml: line.tflite is imported already, as line. Change models/line.py, or import it again with these"
        " options: tinyml import line.tflite --name line --force\n"
    )


RANGES = ("tilt:-1:1", "pressure:0:1000", "turn:0:4")


def test_a_pressure_next_to_small_values(
    project: Project, keras_process: KerasProcess, build_keras: BuildKeras, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each gets its own scale in the first layer, and Keras answers from the file as before."""
    archive = build_keras("Sequential([Input((3,)), layers.Dense(1)])", [[[2], [0.001], [-1]], [0]])
    Path("net.keras").write_bytes(archive)
    imported(Path("net.keras"), project, keras_process, inputs=RANGES)
    assert converted("net", keras_process).passed
    lint = Path("artifacts/net/lint.txt").read_text()
    assert re.findall(r"  (\w+): .* (\d+) of 256 steps", lint) == [
        ("tilt", "255"),
        ("pressure", "255"),
        ("turn", "255"),
    ]
    assert "few" not in capsys.readouterr().err
    kept = next(Path("artifacts/net").glob("imported.*")).read_bytes()
    values = np.random.default_rng(0).uniform(-1, 1000, (100, 3)).astype(np.float32)
    theirs, ours = (keras_process.predict(one, values) for one in (archive, kept))
    np.testing.assert_array_equal(ours.view(np.uint32), theirs.view(np.uint32))


def test_values_that_have_to_share_a_scale_with_larger_ones(
    project: Project, keras_process: KerasProcess, build_keras: BuildKeras, capsys: pytest.CaptureFixture[str]
) -> None:
    """The first layer has no weights to change: that is said, the proof fails, and the message says why."""
    source = "Sequential([Input((3,)), layers.ReLU(), layers.Dense(1)])"
    Path("net.keras").write_bytes(build_keras(source, [[[2], [0.001], [-1]], [0]]))
    imported(Path("net.keras"), project, keras_process, inputs=RANGES)
    assert not converted("net", keras_process).passed
    said = capsys.readouterr().err
    assert "net: the inputs share int8's steps, because RELU (" in said
    assert "net: of int8's 256 steps some inputs have few: tilt 1, turn 2. They share one scale: begin the" in said
    assert "Cause: range. Some inputs get few of int8's 256 steps (tilt 1, turn 2): begin the network with" in said


def test_train_without_names_leaves_imported_models_alone(project: Project, linear_tflite: bytes) -> None:
    Path("line.tflite").write_bytes(linear_tflite)
    assert run("import", "line.tflite").exit_code == 0
    result = run("train")
    assert (result.exit_code, result.stderr) == (0, "")


def test_a_dynamic_range_tflite_is_a_clear_no(
    project: Project,
    keras_process: KerasProcess,
    build_keras: BuildKeras,
    convert_otherwise: Callable[..., bytes],
) -> None:
    archive = build_keras("Sequential([Input((64,)), layers.Dense(64), layers.Dense(2)])")
    Path("net.tflite").write_bytes(convert_otherwise(archive, "dynamic_range"))
    with pytest.raises(ModelFileError) as caught:
        imported(Path("net.tflite"), project, keras_process, inputs=("x:-1:1",))
    assert str(caught.value).startswith(
        "net.tflite: it is a dynamic-range model: int8 weights, but it computes in float32. Convert the float model"
    )
    assert list(Path().iterdir()) == [Path("net.tflite")]


def test_imported_models_are_no_models_to_train(project: Project, linear_tflite: bytes) -> None:
    Path("line.tflite").write_bytes(linear_tflite)
    with KerasProcess(module="no.such.module") as keras:
        imported(Path("line.tflite"), project, keras)
    spec = Project.find(Path()).model("line").load()
    assert not isinstance(spec, ModelSpec)
    result = run("models")
    assert "line         imported from line.tflite" in result.stdout


WANTED = {
    "nothing": (
        {},
        "net.keras does not say what range its inputs have (acc (4,)). Give some hundred samples with --data FILE, or"
        " the ranges: --inputs acc:LOW:HIGH",
    ),
    "count": (
        {"inputs": ("a:0:1", "b:0:1")},
        "--inputs: the network takes 4 values (shape (4,)), but 2 input domains are named. Name one for each value, or"
        " a single one for all.",
    ),
    "no_range": ({"inputs": ("acc",)}, "--inputs acc: no range; give acc:LOW:HIGH, or samples with --data FILE."),
    "order": (
        {"inputs": ("acc:5:1",)},
        "--inputs 'acc:5:1': give NAME:LOW:HIGH, as in temperature:-10:40, low below high.",
    ),
    "no_number": (
        {"inputs": ("acc:a:1",)},
        "--inputs 'acc:a:1': give NAME:LOW:HIGH, as in temperature:-10:40, low below high.",
    ),
    "no_data": ({"data": "none.csv"}, "there is no file 'none.csv' with samples."),
    "columns": (
        {"data": "five.csv"},
        "five.csv, line 2: 5 numbers given; the network takes 4 values per row.",
    ),
    "shape": ({"data": "shape.npy"}, "shape.npy has the shape (3, 5); the network takes (samples, 4)."),
    "nan": (
        {"data": "nan.npy"},
        "nan.npy[1, 2] is nan; 1 of 8 values are NaN or beyond float32. Clean the data first.",
    ),
    "pickle": (
        {"data": "object.npy"},
        "object.npy is not a readable .npy array (Object arrays cannot be loaded when allow_pickle=False).",
    ),
    "arrays": ({"data": "b.npz"}, "b.npz holds b, c; name its arrays as the inputs: acc."),
    "name": (
        {"name": "My"},
        "model name 'My': use lower-case letters, digits and underscores, and begin with a letter.",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", WANTED)
def test_what_does_not_fit_is_one_line_and_nothing_is_written(
    project: Project, keras_process: KerasProcess, build_keras: BuildKeras, case: str
) -> None:
    Path("net.keras").write_bytes(build_keras(DENSE))
    Path("five.csv").write_text("a,b,c,d,e\n1,2,3,4,5\n")
    np.save("shape.npy", np.zeros((3, 5), np.float32))
    np.save("nan.npy", np.where(np.arange(8).reshape(2, 4) == 6, np.nan, 1))
    np.save("object.npy", np.array([{}], object), allow_pickle=True)
    np.savez("b.npz", b=np.zeros((3, 4)), c=np.zeros((3, 4)))
    before = sorted(Path().rglob("*"))
    wanted, message = WANTED[case]
    with pytest.raises(UsageError) as caught:
        imported(Path("net.keras"), project, keras_process, **wanted)
    assert str(caught.value) == message
    assert sorted(Path().rglob("*")) == before


def test_names_of_channels_get_the_range_of_all_steps() -> None:
    samples = np.stack([np.arange(40), np.arange(40) * 10 - 100], axis=1).reshape(4, 10, 2).astype(np.float32)
    given = [InputRange("near"), InputRange("far")]
    assert named_inputs(["x"], [(10, 2)], given, [samples], [], "net.keras") == [
        InputRange("near", 0, 39),
        InputRange("far", -100, 290),
    ]
