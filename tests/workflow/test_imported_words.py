"""What commands say of imported models and of what cannot be imported: true of these, too."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from tinyml_pipeline.errors import ArtifactsError
from tinyml_pipeline.project import Project
from tinyml_pipeline.workflow.whole_file import write_whole

from tests.firmware import dense_tflite, linear_tflite
from tests.ops.check import model_of
from tests.ops.test_arg import arg
from tests.workflow.importing import run

OWN = """
from tinyml_pipeline import Domain, ModelSpec
SPEC = ModelSpec(name="own", summary="", build=object, data=object, optimizer=object, loss="mae", epochs=1,
                 batch_size=1, inputs=(Domain("x", 0, 1),), outputs=("y",))
"""


def test_what_commands_say_of_an_imported_model(project: Project) -> None:
    """Nothing about training, which it does not have."""
    Path("line.tflite").write_bytes(dense_tflite())
    assert run("import", "line.tflite").exit_code == 0
    shutil.rmtree("artifacts")
    assert "not imported" in run("models").stdout
    missing = "artifacts/line/imported.keras is not there. Run: tinyml import line\n"
    assert run("export", "line").stderr.endswith(missing)
    Path("specs").mkdir()
    Path("models/line.py").rename("specs/line.py")
    text = Path("specs/line.py").read_text()
    assert run("export", "specs/line.py").stderr.endswith("is not there. Run: tinyml import specs/line.py\n")
    assert run("import", "specs/line.py").exit_code == 0
    result = run("import", "specs/line.py", "--inputs", "a", "b", "c")
    assert result.stderr == "tinyml: specs/line.py is imported already; change specs/line.py, or give the file.\n"
    assert Path("specs/line.py").read_text() == text
    assert run("export", "specs/line.py").stderr == (
        "tinyml: line was imported from line.tflite, and what is kept of it is not a Keras model: there is nothing to"
        " export.\n"
    )
    assert run("convert", "specs/line.py").exit_code == 0
    manifest = json.loads(Path("artifacts/line/manifest.json").read_text())
    manifest["stages"]["convert"]["facts"]["keras_sha256"] = "that of another one"
    Path("artifacts/line/manifest.json").write_text(json.dumps(manifest))
    assert run("fit", "specs/line.py", "--board", "uno").stderr == (
        "tinyml: artifacts/line/model.tflite is of an earlier import. Run: tinyml convert specs/line.py\n"
    )


def test_import_of_what_is_no_file_and_what_is_no_import(project: Project) -> None:
    assert run("import", "linear").stderr == "tinyml: there is no file 'linear'.\n"
    Path("models").mkdir()
    Path("models/own.py").write_text(OWN)
    for options in ([], ["--data", "x.npz"]):
        assert run("import", "own", *options).stderr == (
            "tinyml: own is trained here, not imported. Run: tinyml train own\n"
        )
    Path("helper.tflite").write_bytes(dense_tflite())
    Path("models/helper.py").write_text("HALF = 0.5")
    assert run("import", "helper.tflite").stderr == (
        "tinyml: models/helper.py is there already, and is not the spec of a model. Choose another name.\n"
    )


def test_a_model_that_no_sketch_takes_is_converted_without_any(project: Project) -> None:
    """Its answer is the number of a class, in int32: the C is compiled and proven, and sketches are left out."""
    Path("picked.tflite").write_bytes(model_of(arg("ARG_MAX", (1, 4), 1)))
    result = run("convert", "picked.tflite")
    reason = "output 't2' is int32; supported in sketches: int8. Take the index of the highest value in the sketch"
    assert (result.exit_code, result.stderr.count(f": {reason}")) == (0, 3)
    assert result.stdout.endswith("\nLook at lint.txt.\n")
    assert run("compile", "picked").exit_code == 0
    fits = json.loads(run("fit", "picked", "--board", "esp32", "--json").stdout)
    assert [need["fits"] for need in fits[0]["needs"] if need["runtime"] == "tflm"] == [False]


def test_bench_measures_an_imported_model(project: Project) -> None:
    Path("line.tflite").write_bytes(dense_tflite())
    assert run("convert", "line.tflite").exit_code == 0
    result = run("bench", "line", "--only", "chips", "--board", "host")
    assert (result.exit_code, result.stderr) == (0, "line: measuring on 0 processors\n")


def test_a_spec_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "line.py").mkdir()
    with pytest.raises(ArtifactsError, match=r"line\.py cannot be written \(Is a directory\)"):
        write_whole(tmp_path / "line.py", "SPEC = None")
    assert [path.name for path in tmp_path.iterdir()] == ["line.py"]


def test_a_folder_of_a_saved_model_is_named_as_one(project: Project) -> None:
    Path("saved").mkdir()
    Path("saved/saved_model.pb").touch()
    assert run("compile", "./saved").stderr == (
        "tinyml: './saved' is a SavedModel, not a .tflite file. Convert it first: tinyml convert ./saved\n"
    )
    assert run("train", "saved").stderr == (
        "tinyml: 'saved' is a SavedModel, not a model with names and ranges of its inputs. Bring it in with: tinyml"
        " import saved\n"
    )


def test_all_inputs_of_a_model_that_has_too_many(project: Project) -> None:
    """'all' would be 1,000 of 2^24, and fewer than without the option."""
    Path("dense.tflite").write_bytes(dense_tflite())
    assert run("verify", "dense.tflite", "--board", "host", "--vectors", "all").stderr == (
        "tinyml: dense has too many possible inputs for --vectors all; name a number, such as 10000.\n"
    )
    long = run("verify", "dense.tflite", "--board", "host", "--vectors", "9" * 5000).stderr
    assert long == f"tinyml: --vectors takes a number from 1 to 999999999, or 'all', not '{'9' * 40}'.\n"


def test_a_file_with_the_name_of_another_model_replaces_none_of_its_files(project: Project) -> None:
    Path("line.tflite").write_bytes(dense_tflite())
    assert run("convert", "line.tflite").exit_code == 0
    assert run("compile", "line.tflite").exit_code == 0  # the same model
    other = Path("other")
    other.mkdir()
    (other / "line.tflite").write_bytes(linear_tflite())
    before = {path: path.read_bytes() for path in Path("artifacts").rglob("*") if path.is_file()}
    what = "tinyml: artifacts/line holds another model of the name 'line', whose files these would replace;"
    for command, way in (
        ("compile", "give it another name with --name, or a folder with --output"),
        ("firmware --board uno", "copy it to another name"),
        ("build --board host", "copy it to another name"),
        ("verify --board host", "copy it to another name"),
    ):
        verb, *options = command.split()
        assert run(verb, "other/line.tflite", *options).stderr.endswith(f"{what} {way}.\n")
    assert {path: path.read_bytes() for path in Path("artifacts").rglob("*") if path.is_file()} == before
    assert run("compile", "other/line.tflite", "-o", "c").exit_code == 0


def test_a_data_function_that_leaves_is_an_error(project: Project) -> None:
    """It would end the program in silence, with exit code 0."""
    Path("models").mkdir()
    Path("models/own.py").write_text(OWN.replace("data=object", "data=lambda rng: exit(0)"))
    result = run("train", "own")
    assert result.exit_code == 1
    assert result.stderr.splitlines()[-1].startswith("tinyml: model 'own': its data function raised SystemExit: 0 (")
