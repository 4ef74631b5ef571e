"""Files made to do harm: each is refused in one line, none of their code runs, and nothing is written.

Code in them would create a file `canary`.
"""

from __future__ import annotations

import base64
import io
import json
import marshal
import pickle
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from tinyml_pipeline.errors import PipelineError
from tinyml_pipeline.project import Project
from tinyml_pipeline.quantization.convert import KerasProcess
from tinyml_pipeline.quantization.framing import Message

from tests.conftest import BuildKeras
from tests.workflow.importing import imported, network_of, samples, write

SMALL = "Sequential([Input((4,), name='acc'), layers.Dense(2, name='dense')])"
Layer = dict[str, Any]


class Canary:
    """Its pickle runs a program."""

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (Path("canary"),)


def code() -> list[Any]:
    """A Python function that creates the canary, as a Lambda layer keeps one."""
    compiled = compile("lambda x: open('canary', 'w').close() or x", "none", "eval").co_consts[0]
    return [base64.b64encode(marshal.dumps(compiled)).decode(), None, None]


def edited(archive: bytes, change: Callable[[dict[str, Any]], None], more: dict[str, bytes] | None = None) -> bytes:
    """A .keras file with another configuration and more entries."""
    output = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as source, zipfile.ZipFile(output, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "config.json":
                config = json.loads(content)
                change(config)
                content = json.dumps(config).encode()
            target.writestr(name, content)
        for name, content in (more or {}).items():
            target.writestr(name, content, zipfile.ZIP_DEFLATED)
    return output.getvalue()


def layer(change: Layer) -> Callable[[dict[str, Any]], None]:
    """Replaces fields of the dense layer."""

    def apply(config: dict[str, Any]) -> None:
        (dense,) = (one for one in config["config"]["layers"] if one["class_name"] == "Dense")
        dense["config"] |= change.pop("config", {})
        dense |= change

    return apply


def nothing(config: dict[str, Any]) -> None:
    pass


def hollow(weights: bytes, change: Callable[[h5py.File], None]) -> bytes:
    """An HDF5 file with something else in it."""
    buffer = io.BytesIO(weights)
    with h5py.File(buffer, "r+") as file:
        change(file)
    return buffer.getvalue()


TRUST = " If you trust where the file comes from, import it with --trust"
LAMBDA = f"which holds Python code.{TRUST}; better, write it with Keras' own layers and keras.ops."
OWN = f"which is not one of Keras' own.{TRUST}, where that class can be imported; better, build the network of Keras'"
OWN += " own layers."
KERAS: dict[str, tuple[Callable[[dict[str, Any]], None], dict[str, bytes], str]] = {
    "lambda": (
        layer({"class_name": "Lambda",
               "config": {"function": {"class_name": "__lambda__", "config": {"code": code()}}}}),
        {},
        f"layer 'dense' is a Lambda layer, {LAMBDA}",
    ),
    "lambda_in_an_activation": (
        layer({"config": {"activation": {"class_name": "__lambda__", "config": {"code": code()[0]}}}}),
        {},
        f"layer 'dense' is a Lambda layer, {LAMBDA}",
    ),
    "class_of_a_package": (
        layer({"module": "os", "class_name": "system", "registered_name": None}),
        {},
        f"layer 'dense' is of the class os.system, {OWN}",
    ),
    "registered": (
        layer({"module": None, "class_name": "Mine", "registered_name": "Custom>Mine"}),
        {},
        f"layer 'dense' is of the class Mine, {OWN}",
    ),
    "utilities_of_keras": (
        layer({"config": {"activation": {"module": "keras.utils", "class_name": "function", "config": "get_file"}}}),
        {},
        f"layer 'dense' is of the class keras.utils.function, {OWN}",
    ),
    "torch": (
        layer({"class_name": "TorchModuleWrapper"}),
        {},
        "layer 'dense' (TorchModuleWrapper) unpickles a PyTorch module; a microcontroller cannot.",
    ),
    "savedmodel_inside": (
        layer({"class_name": "TFSMLayer", "config": {"filepath": "/"}}),
        {},
        "layer 'dense' (TFSMLayer) runs a SavedModel from the disk; a microcontroller cannot.",
    ),
    "vocabulary": (
        layer({"class_name": "StringLookup", "config": {"vocabulary": "/etc/passwd"}}),
        {},
        "layer 'dense' (StringLookup) looks words up, which a microcontroller cannot; give it numbers.",
    ),
    "climbs": (
        nothing,
        {"../../canary": b"x"},
        "its entry '../../canary' climbs out of the archive. It was made to do harm; drop it.",
    ),
    "climbs_from_the_root": (
        nothing,
        {"/tmp/canary": b"x"},
        "its entry '/tmp/canary' climbs out of the archive. It was made to do harm; drop it.",
    ),
    "climbs_on_windows": (
        nothing,
        {"C:\\canary": b"x"},
        "its entry 'C:\\canary' climbs out of the archive. It was made to do harm; drop it.",
    ),
    "pickle": (
        nothing,
        {"assets/state.pkl": pickle.dumps(Canary())},
        "it holds 'assets/state.pkl', a pickle or array, which is no part of a .keras file.",
    ),
    "more": (nothing, {"assets/x": b""}, "it holds 'assets/x', which is no part of a network of numbers."),
    "twice": (nothing, {"config.json": b"{}"}, "it holds 2 entries 'config.json' where a .keras file has one."),
    "deep": (
        lambda config: config.update(extra=json.loads("[" * 500 + "]" * 500)),
        {},
        "its configuration is nested too deeply to be one of Keras.",
    ),
}  # fmt: skip


@pytest.fixture
def refuse(project: Project, keras_process: KerasProcess) -> Callable[[Path], str]:
    """Imports a file and gives the one line that refuses it, after its path."""

    def check(path: Path) -> str:
        before = sorted(Path().rglob("*"))
        with pytest.raises(PipelineError) as caught:
            imported(path, project, keras_process, inputs=("x:-1:1",))
        assert sorted(Path().rglob("*")) == before
        assert not list(Path().rglob("canary"))
        text = str(caught.value)
        assert text.startswith(f"{path}: ")
        assert len(text.splitlines()) == 1
        return text.removeprefix(f"{path}: ")

    return check


@pytest.mark.parametrize("case", KERAS)
def test_keras_files(refuse: Callable[[Path], str], build_keras: BuildKeras, case: str) -> None:
    change, more, message = KERAS[case]
    path = write(Path("net.keras"), {"": edited(build_keras(SMALL), change, more)})
    assert refuse(path) == message


def test_a_zip_bomb(refuse: Callable[[Path], str], build_keras: BuildKeras) -> None:
    """300 MB of zeros in 300 KB."""
    output = io.BytesIO(build_keras(SMALL))
    with (
        zipfile.ZipFile(output, "a", zipfile.ZIP_DEFLATED) as target,
        target.open("zeros", "w", force_zip64=True) as entry,
    ):
        for _ in range(300):
            entry.write(bytes(1 << 20))
    text = refuse(write(Path("net.keras"), {"": output.getvalue()}))
    assert text.endswith(" bytes; supported: 268,435,456, far more than a microcontroller has.")
    assert text.startswith(f"it unpacks from {len(output.getvalue()):,} to 314,5")


@pytest.mark.parametrize("damage", ["cut", "empty", "no_json", "list"])
def test_damaged_keras_files(refuse: Callable[[Path], str], build_keras: BuildKeras, damage: str) -> None:
    archive = build_keras(SMALL)
    unreadable = "it is not a readable .keras archive ({}). Save or copy it again."
    data, message = {
        "cut": (archive[:-30], unreadable.format("File is not a zip file")),
        "empty": (b"PK\5\6" + bytes(18), "it holds 0 entries 'config.json' where a .keras file has one."),
        "no_json": (b"", unreadable.format("Expecting value: line 1 column 1 (char 0)")),
        "list": (b"[]", "its config.json describes no network."),
    }[damage]
    if damage in ("no_json", "list"):
        output = io.BytesIO()
        with zipfile.ZipFile(output, "w") as target:
            target.writestr("config.json", data)
            target.writestr("model.weights.h5", b"")
        data = output.getvalue()
    assert refuse(write(Path("net.keras"), {"": data})) == message


def external(file: h5py.File) -> None:
    del file["model_weights/dense/dense/bias"]
    file["model_weights/dense/dense/bias"] = h5py.ExternalLink("/etc/passwd", "/x")


def outside(file: h5py.File) -> None:
    del file["model_weights/dense/dense/bias"]
    file.create_dataset("model_weights/dense/dense/bias", (2,), "f4", external=[("/etc/passwd", 0, 8)])


def huge(file: h5py.File) -> None:
    file.create_dataset("more", (1 << 40,), "f4", chunks=(1 << 20,), compression="gzip")


def objects(file: h5py.File) -> None:
    file.create_dataset("more", data=np.frombuffer(pickle.dumps(Canary()), "V1"))


def around(file: h5py.File) -> None:
    file["model_weights/dense/again"] = file["model_weights"]


def lambda_layer(file: h5py.File) -> None:
    config = json.loads(file.attrs["model_config"])
    config["config"]["layers"][1] |= {"class_name": "Lambda"}
    config["config"]["layers"][1]["config"] |= {"function": code(), "function_type": "lambda"}
    file.attrs["model_config"] = json.dumps(config)


def custom(file: h5py.File) -> None:
    config = json.loads(file.attrs["model_config"])
    config["config"]["layers"][1] |= {"class_name": "my_package>Mine"}
    file.attrs["model_config"] = json.dumps(config)


def weights_alone(file: h5py.File) -> None:
    del file.attrs["model_config"]


HDF5: dict[str, tuple[Callable[[h5py.File], None], str]] = {
    "external_link": (
        external,
        "'/model_weights/dense/dense/bias' is a link to another place, which Keras does not write.",
    ),
    "external_data": (
        outside,
        "'/model_weights/dense/dense/bias' takes its contents from another file, which Keras does not write.",
    ),
    "huge": (huge, " to more than 268,435,456 bytes, far more than a microcontroller has."),
    "objects": (objects, "'/more' does not hold numbers; weights do."),
    "around": (around, "'/model_weights/dense/again' stands in two places, which Keras does not write."),
    "lambda": (lambda_layer, f"layer 'dense' is a Lambda layer, {LAMBDA}"),
    "custom": (custom, f"layer 'dense' is of the class my_package>Mine, {OWN}"),
    "weights_alone": (
        weights_alone,
        "it holds no network: it is a file of weights alone (save_weights), or of data. Save the whole model:"
        " model.save('model.keras').",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", HDF5)
def test_h5_files(
    refuse: Callable[[Path], str], build_keras: BuildKeras, keras_process: KerasProcess, case: str
) -> None:
    whole = keras_process.export(build_keras(SMALL), "h5", [samples(4)], "net")[""]
    change, message = HDF5[case]
    assert refuse(write(Path("net.h5"), {"": hollow(whole, change)})).endswith(message)


def test_weights_in_a_keras_file_are_checked_too(refuse: Callable[[Path], str], build_keras: BuildKeras) -> None:
    archive = build_keras(SMALL)
    output = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as source, zipfile.ZipFile(output, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            target.writestr(name, hollow(content, huge) if name == "model.weights.h5" else content)
    text = refuse(write(Path("net.keras"), {"": output.getvalue()}))
    assert text.endswith(" to more than 268,435,456 bytes, far more than a microcontroller has.")


GRAPHS = {
    "writes": (
        "tf.io.write_file('canary', 'x')\n    return {'y': x}",
        "its graph has the operator WriteFile ('WriteFile'), which is not on the list of those that only compute. It"
        " was not run.",
    ),
    "reads": (
        "return {'y': x + tf.cast(tf.strings.length(tf.io.read_file('/etc/passwd')), tf.float32)}",
        "its graph has the operator ReadFile ('ReadFile'), which is not on the list of those that only compute. It was"
        " not run.",
    ),
    "calls_python": (
        "return {'y': tf.py_function(lambda v: v, [x], tf.float32)}",
        "its graph has the operator EagerPyFunc ('EagerPyFunc'), which is not on the list of those that only compute."
        " It was not run.",
    ),
    "loops": (
        "return {'y': tf.while_loop(lambda v: tf.reduce_sum(v) < 9, lambda v: (v + 1,), (x,))[0]}",
        "'while' (StatelessWhile) is a loop, as of a recurrent layer that is not unrolled; a microcontroller's int8 has"
        " none. Build that layer with unroll=True and a fixed number of time steps.",
    ),
}


def saved_model(keras: KerasProcess, body: str) -> dict[str, bytes]:
    answer = keras.request(Message({"do": "save_module"}, (body.encode(),)), "test")
    return dict(zip(answer.fields["paths"], answer.parts, strict=True))


@pytest.mark.parametrize("case", GRAPHS)
def test_saved_models(refuse: Callable[[Path], str], keras_process: KerasProcess, case: str) -> None:
    body, message = GRAPHS[case]
    assert refuse(write(Path("net"), saved_model(keras_process, body))) == message


def test_a_saved_model_that_computes(project: Project, keras_process: KerasProcess) -> None:
    """The same road without the operator that is refused: what the tests above refuse is that operator."""
    body = "return {'y': tf.nn.relu(x) * 2 - 1}"
    imported(write(Path("net"), saved_model(keras_process, body)), project, keras_process, inputs=("x:-1:1",))
    x = samples(4)
    np.testing.assert_array_equal(keras_process.predict(network_of(project, "net"), x), np.maximum(x, 0) * 2 - 1)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"saved_model.pb": b"\xff\xff"}, "its saved_model.pb is damaged. Save or copy it again."),
        ({"saved_model.pb": b""}, "it holds 0 graphs; supported: 1. Export the network again."),
    ],
)
def test_damaged_saved_models(refuse: Callable[[Path], str], files: dict[str, bytes], message: str) -> None:
    assert refuse(write(Path("net"), files)) == message


OTHERS = {
    "x.pkl": (
        pickle.dumps(Canary()),
        "this is a pickle, not a trained model in .keras, .h5, SavedModel or .tflite form. Export the model from the"
        " program that wrote it.",
    ),
    "x.zip": (
        b"PK\3\4" + bytes(40),
        "this is a zip archive, not a trained model in .keras, .h5, SavedModel or .tflite form. Unpack it first: the"
        " .tflite may lie inside.",
    ),
    "x.keras": (b"", "the file is empty. Copy or convert the model again."),
}


@pytest.mark.parametrize("name", OTHERS)
def test_other_files(refuse: Callable[[Path], str], name: str) -> None:
    data, message = OTHERS[name]
    assert refuse(write(Path(name), {"": data})) == message


def test_a_damaged_h5_file(refuse: Callable[[Path], str]) -> None:
    text = refuse(write(Path("x.h5"), {"": b"\x89HDF\r\n\x1a\n" + bytes(90)}))
    assert text.startswith("it is not a readable HDF5 file (")  # and what HDF5 says
    assert text.endswith("). Save or copy it again.")


def test_trusted_code_runs_once_and_leaves_a_network_without_code(
    project: Project, keras_process: KerasProcess, build_keras: BuildKeras
) -> None:
    """The canary shows that the hostile Lambda above would have worked."""
    archive = build_keras("Sequential([Input((4,)), layers.Lambda(lambda x: x * 2), layers.Dense(2)])")
    write(Path("net.keras"), {"": archive})
    imported(Path("net.keras"), project, keras_process, inputs=("x:-1:1",), trust=True)
    network = network_of(project, "net")
    assert not network.startswith(b"PK")
    assert b"marshal" not in network
    keras_process.predict(network, samples(4))
    assert "    trust=True,  # runs the code that the file holds\n" in Path("models/net.py").read_text()


def test_the_canary_works(project: Project) -> None:
    """What the pickles and the Lambda layers above would do if anybody ran them."""
    program = "import base64, marshal, sys, types\ncode = marshal.loads(base64.b64decode(sys.argv[1]))"
    program += "\nassert types.FunctionType(code, {'open': open})(3) == 3"
    subprocess.run([sys.executable, "-c", program, code()[0]], check=True)
    assert Path("canary").exists()
    Path("canary").unlink()
    pickle.loads(pickle.dumps(Canary()))
    assert Path("canary").exists()
    Path("canary").unlink()
