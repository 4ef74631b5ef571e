"""`tinyml graph`: every format of every model, before and after quantization, with the numbers that the models have."""

from __future__ import annotations

import io
import json
import re
import shutil
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
from tinyml_pipeline.quantization.convert import KerasProcess
from tinyml_pipeline.quantization.quantized_model import load_quantized
from tinyml_pipeline.show.network.cypher import to_cypher
from tinyml_pipeline.show.network.float_layers import float_layers
from tinyml_pipeline.show.network.int8_layers import int8_layers
from tinyml_pipeline.show.network.network import Layer, Network, show_neurons
from tinyml_pipeline.workflow.graph import graph

from tests.opened import project
from tests.workflow.conftest import ROOT, tinyml

STARTS = {"svg": b"<?xml", "png": b"\x89PNG", "dot": b"digraph network {\n", "cypher": b"// Load it: "}

# Weights and biases of each layer that has any: inputs * units + units; height * width * channels * filters + filters.
PARAMETERS = {
    "linear": [1 + 1],
    "plane": [2 + 1],
    "bank": [2 * 2, 2],
    "xor": [2 * 4 + 4, 4 + 1],
    "sine": [16 + 16, 16 * 16 + 16, 16 + 1],
    "adder": [2 * 50 + 50, 50 * 20 + 20, 20 + 1],
    "adder_small": [2 * 5 + 5, 5 + 1, 1 + 1],
    "adder_wide": [2 * 50 + 50, 50 * 20 + 20, 20 + 1],
    "digits": [64 * 64 + 64, 64 * 10 + 10],
    "digits_cnn": [3 * 3 * 8 + 8, 3 * 3 * 8 * 16 + 16, 64 * 10 + 10],
    "keywords": [10 * 4 * 16 + 16, *[3 * 3 * 16 + 16, 16 * 16 + 16] * 2, 16 * 8 + 8],
}
ACTIVATIONS = {
    "bank": ["relu", ""], "xor": ["tanh", "sigmoid"], "adder_small": ["relu", "relu", ""],
    "digits": ["relu", "softmax"], "digits_cnn": ["relu", "relu", "softmax"],
    "keywords": [*["relu"] * 5, "softmax"],
}  # fmt: skip
SMALL = {"linear", "plane", "bank", "xor", "adder_small"}


@pytest.fixture(scope="module")
def networks(road: Path, keras_process: KerasProcess) -> dict[str, list[Network]]:
    """Every model before and after quantization."""
    found = {}
    for name in PARAMETERS:
        layers = float_layers(keras_process.describe((road / name / "model.keras").read_bytes(), name))
        model = load_quantized((road / name / "model.tflite").read_bytes(), name)
        forms = {"float": layers, "int8": int8_layers(model.graph, ["input"])}
        found[name] = [Network(name, form, "0", (), (), made) for form, made in forms.items()]
    return found


def with_parameters(network: Network) -> list[Layer]:
    return [layer for layer in network.layers if layer.parameters]


@pytest.mark.parametrize("name", PARAMETERS)
def test_both_forms_have_the_parameters_that_the_formulas_give(networks: dict[str, list[Network]], name: str) -> None:
    for network in networks[name]:
        assert [layer.parameters for layer in with_parameters(network)] == PARAMETERS[name], network.form
        assert all(layer.sources == (place,) for place, layer in enumerate(network.layers[1:])), network.form
    assert show_neurons(networks[name]) is (name in SMALL)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_an_activation_is_part_of_its_layer_in_both_forms(networks: dict[str, list[Network]], name: str) -> None:
    for network in networks[name]:
        assert [layer.activation for layer in with_parameters(network)] == ACTIVATIONS[name], network.form


@pytest.mark.parametrize("name", sorted(SMALL))
def test_int8_weights_are_those_of_keras_within_half_a_step(networks: dict[str, list[Network]], name: str) -> None:
    for before, after in zip(*map(with_parameters, networks[name]), strict=True):
        assert after.steps is not None
        assert after.steps.weight is not None
        scale, zero_point = after.steps.weight.scale, after.steps.weight.zero_point
        for row, real_row, kept_row in zip(before.weights, after.weights, after.steps.weights, strict=True):
            for weight, real, kept in zip(row, real_row, kept_row, strict=True):
                assert real == scale * (kept - zero_point)
                assert abs(real - weight) <= 0.5001 * scale


def test_the_convolution_shows_kernels_and_a_scale_for_each_filter(networks: dict[str, list[Network]]) -> None:
    for network in networks["digits_cnn"]:
        kernels = [(layer.kernel, layer.strides) for layer in network.layers if layer.kernel]
        assert kernels == [((3, 3), (1, 1)), ((2, 2), (2, 2))] * 2, network.form
    first = with_parameters(networks["digits_cnn"][1])[0].steps
    assert first is not None
    assert first.weight is not None
    assert len(first.weight.scales) == 8


def test_the_bank_has_the_weights_of_the_text(networks: dict[str, list[Network]]) -> None:
    """Hidden nodes (1, 1) and (-1, 1), output (2, -1)."""
    text = to_cypher(networks["bank"])
    weights = re.findall(r"\((n\d_\d)\)-\[:WEIGHT {weight: (\S+)}\]->\((n\d_\d)\)", text)
    assert {(start, end): float(weight) for start, weight, end in weights} == {
        ("n0_0", "n1_0"): 1, ("n0_1", "n1_0"): 1, ("n0_0", "n1_1"): -1, ("n0_1", "n1_1"): 1,
        ("n1_0", "n2_0"): 2, ("n1_1", "n2_0"): -1,
    }  # fmt: skip
    assert re.findall(r"int8: (-?\d+)}", text) == ["127", "-127", "127", "127", "127", "-64"]


@pytest.fixture(scope="module")
def bank_drawn(road: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The bank in every format."""
    root = tmp_path_factory.mktemp("drawn")
    shutil.copytree(road / "bank", root / "bank")
    drawn = {}
    for form in STARTS:
        found = graph("bank", project(root), form)
        assert (found.model, found.forms, found.parameters) == ("bank", ("float", "int8"), 6)
        assert found.path == str(root / f"bank/network.{form}")
        drawn[form] = Path(found.path).read_bytes()
    stages = json.loads((root / "bank/manifest.json").read_text())["stages"]
    assert [list(stages[f"graph {form}"]["files"]) for form in STARTS] == [[f"network.{form}"] for form in STARTS]
    return drawn


@pytest.mark.parametrize("form", STARTS)
def test_every_format_is_what_its_name_says(bank_drawn: dict[str, bytes], form: str) -> None:
    assert bank_drawn[form].startswith(STARTS[form])
    if form == "svg":
        assert ET.fromstring(bank_drawn[form]).tag.endswith("svg")
    if form == "png":
        from PIL import Image

        assert Image.open(io.BytesIO(bank_drawn[form])).size > (600, 400)


@pytest.mark.parametrize("form", ["svg", "dot", "cypher"])
def test_inputs_and_outputs_have_their_names(bank_drawn: dict[str, bytes], form: str) -> None:
    text = bank_drawn[form].decode()
    quoted = {"svg": "<!-- {} -->", "dot": 'label="{}', "cypher": 'name: "{}"'}[form]
    for name in ("children", "accounts", "transactions"):
        assert text.count(quoted.format(name)) == 2


def test_another_process_draws_the_same_bytes(bank_drawn: dict[str, bytes], road: Path, tmp_path: Path) -> None:
    shutil.copytree(road / "bank", tmp_path / "bank")
    done = tinyml(tmp_path, "graph", "bank", "--json")
    assert done.returncode == 0, done.stderr
    (found,) = json.loads(done.stdout)
    assert found["forms"] == ["float", "int8"]
    assert Path(found["path"]).read_bytes() == bank_drawn["svg"]


def test_a_trained_model_that_is_not_converted_is_drawn_in_float(road: Path, tmp_path: Path) -> None:
    (tmp_path / "linear").mkdir()
    manifest: dict[str, Any] = json.loads((road / "linear/manifest.json").read_text())
    manifest["stages"] = {"train": manifest["stages"]["train"]}
    (tmp_path / "linear/manifest.json").write_text(json.dumps(manifest))
    for name in manifest["stages"]["train"]["files"]:
        shutil.copy(road / "linear" / name, tmp_path / "linear")
    done = tinyml(tmp_path, "graph", "linear", "--format", "dot")
    assert (done.returncode, done.stderr) == (0, "linear: asking Keras for the layers\n")
    assert done.stdout == f"linear: float, 2 parameters, drawn in {tmp_path}/linear/network.dot\n"
    assert "cluster_int8" not in (tmp_path / "linear/network.dot").read_text()


def test_int8_of_an_earlier_training_is_not_drawn(road: Path, tmp_path: Path) -> None:
    shutil.copytree(road / "linear", tmp_path / "linear")
    path = tmp_path / "linear/manifest.json"
    manifest = json.loads(path.read_text())
    assert manifest["stages"]["convert"]["facts"]["keras_sha256"] == manifest["stages"]["train"]["files"]["model.keras"]
    manifest["stages"]["convert"]["facts"]["keras_sha256"] = "that of another one"
    path.write_text(json.dumps(manifest))
    done = tinyml(tmp_path, "graph", "linear", "--format", "dot")
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"linear: float, 2 parameters, drawn in {tmp_path}/linear/network.dot\n"
    assert done.stderr == (
        "linear: asking Keras for the layers\n"
        "linear: int8 is not drawn, because it is of an earlier training. Run: tinyml convert linear\n"
    )


@pytest.mark.parametrize("form", STARTS)
def test_a_tflite_from_elsewhere_is_drawn_in_int8(road: Path, tmp_path: Path, form: str) -> None:
    file = tmp_path / 'my "best" one.tflite'
    shutil.copy(road / "xor/model.tflite", file)
    first, second = (graph(str(file), project(tmp_path / folder), form) for folder in ("a", "b"))
    assert (first.forms, first.parameters) == (("int8",), 17)
    assert first.path == str(tmp_path / f'a/my "best" one/network.{form}')
    drawn = Path(first.path).read_bytes()
    assert drawn.startswith(STARTS[form])
    assert drawn == Path(second.path).read_bytes()
    if form in ("dot", "cypher"):
        assert '"my \\"best\\" one' in drawn.decode()


README = str(ROOT / "README.md")
NOT_A_MODEL = "this is a text file, not a .tflite file. Pass a TensorFlow Lite model, such as model.tflite."
REFUSED = {
    "format": (["linear", "--format", "gif"], 2, "there is no format 'gif'; choose one of: svg, png, dot, cypher."),
    "model": (["ader"], 2, "there is no model 'ader'. Did you mean 'adder'?"),
    "not_trained": (["linear"], 1, "{root}/linear/model.keras is not there. Run: tinyml train linear"),
    "no_file": (["none.tflite"], 2, "there is no file 'none.tflite'."),
    "other_file": ([README], 2, f"{README}: {NOT_A_MODEL}"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_is_one_line(tmp_path: Path, case: str) -> None:
    arguments, code, message = REFUSED[case]
    done = tinyml(tmp_path, "graph", *arguments)
    assert (done.returncode, done.stderr) == (code, f"tinyml: {message.format(root=tmp_path)}\n")
    assert not list(tmp_path.glob("*/*"))


FILES = {
    "name_of_ours": (
        "linear.tflite",
        b"",
        "linear.tflite has the name of a model of this project; copy it to another name.",
    ),
    "broken": (
        "cut.tflite",
        b"\0" * 64,
        "cut: this is not a .tflite file: the identifier TFL3 is missing at byte 4. Pass a TensorFlow Lite model, such"
        " as model.tflite.",
    ),
}


@pytest.mark.parametrize("case", FILES)
def test_a_file_that_cannot_be_drawn_is_one_line(tmp_path: Path, case: str) -> None:
    name, data, message = FILES[case]
    (tmp_path / name).write_bytes(data)
    done = tinyml(tmp_path / "made", "graph", str(tmp_path / name))
    assert done.returncode != 0
    assert done.stderr == f"tinyml: {message}\n"
    assert not (tmp_path / "made").exists()
