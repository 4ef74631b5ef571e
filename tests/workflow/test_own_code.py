"""Classes and functions of the user's own in a Keras file: imported from their modules with --trust, else one line."""

from __future__ import annotations

import json
from pathlib import Path

import h5py
import numpy as np
import pytest
from tinyml_pipeline.errors import PipelineError
from tinyml_pipeline.project import Project
from tinyml_pipeline.quantization.convert import KerasProcess

from tests.conftest import BuildKeras
from tests.workflow.importing import converted, imported, network_of, samples, write
from tests.workflow.test_hostile_files import SMALL, edited, hollow, layer

OWN_NETWORK = "__import__('tests.workflow.own_layers', fromlist=['network']).network()"


def test_classes_and_functions_of_the_users_own_are_imported_if_trusted(
    project: Project, keras_process: KerasProcess, build_keras: BuildKeras
) -> None:
    """All numbers are of few bits, so that nothing is rounded: the answers are those of the file, bit for bit."""
    kernel, bias = np.float32(np.eye(4, 2) + 0.25), np.float32([0.5, -0.5])
    x = np.round(8 * samples(4)) / 8
    write(Path("net.keras"), {"": build_keras(OWN_NETWORK, [[1, 2, 3, 4], kernel, bias])})
    np.save("x.npy", x)
    imported(Path("net.keras"), project, keras_process, data="x.npy", trust=True)
    hidden = (2 * x + np.float32([1, 2, 3, 4])) @ kernel + bias
    found = keras_process.predict(network_of(project, "net"), x)
    np.testing.assert_array_equal(found, (np.maximum(hidden, 0) + hidden) / 2)
    assert converted("net", keras_process).passed


NOT_FOUND = {
    "a notebook": ({"module": "__main__"}, " of a notebook or script, which cannot be imported. Put it into a module,"
                   " such as own.py, and save the network again."),
    "no module": ({"module": "no_such_module"}, " of the module 'no_such_module', which cannot be imported (No module"
                  " named 'no_such_module'). Install it, or put its folder on PYTHONPATH."),
    "no class": ({"module": "tests.workflow.importing"}, ", which is in no module that the file names. Make it a class"
                 " of a module, and save the network again, as .keras."),
}  # fmt: skip


@pytest.mark.parametrize("case", NOT_FOUND)
def test_code_that_cannot_be_imported_is_one_line(
    project: Project, keras_process: KerasProcess, build_keras: BuildKeras, case: str
) -> None:
    change, message = NOT_FOUND[case]
    data = edited(build_keras(SMALL), layer({**change, "class_name": "Mine", "registered_name": "a>Mine"}))
    write(Path("net.keras"), {"": data})
    with pytest.raises(PipelineError) as caught:
        imported(Path("net.keras"), project, keras_process, inputs=("x:-1:1",), trust=True)
    assert str(caught.value) == f"net.keras: layer 'dense' needs 'Mine'{message}"


@pytest.mark.parametrize("trust", [False, True])
@pytest.mark.parametrize("form", ["keras", "h5"])
def test_a_class_of_a_notebook_is_said(
    project: Project, keras_process: KerasProcess, build_keras: BuildKeras, form: str, trust: bool
) -> None:
    """Keras saves it without a module."""
    archive = build_keras(SMALL)
    if form == "h5":
        data = hollow(keras_process.export(archive, "h5", [samples(4)], "net")[""], unknown)
    else:
        data = edited(archive, layer({"module": None, "class_name": "Mine", "registered_name": "Mine"}))
    write(Path(f"net.{form}"), {"": data})
    with pytest.raises(PipelineError) as caught:
        imported(Path(f"net.{form}"), project, keras_process, inputs=("x:-1:1",), trust=trust)
    assert str(caught.value) == (
        f"net.{form}: 'Mine' is not one of Keras' own, and the file does not say in which module it is, as of a class"
        " of a notebook. Put it into a module, such as own.py, save the network again as .keras, and import that with"
        " --trust."
    )


def unknown(file: h5py.File) -> None:
    config = json.loads(file.attrs["model_config"])
    config["config"]["layers"][1] |= {"class_name": "Mine"}
    file.attrs["model_config"] = json.dumps(config)
