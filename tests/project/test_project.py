"""A user's own project: where it is found, which models it has, and one line for everything that is wrong with it."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest
from click.testing import CliRunner, Result
from tinyml_pipeline.cli import main
from tinyml_pipeline.errors import UsageError
from tinyml_pipeline.models.catalog import source_files
from tinyml_pipeline.places import PACKAGE
from tinyml_pipeline.project import Project
from tinyml_pipeline.training import keras_import
from tinyml_pipeline.workflow.outcomes import chosen

LINE = (PACKAGE / "workflow/new_project/line.py.txt").read_text()


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TINYML_ARTIFACTS", raising=False)
    return tmp_path


def tinyml(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments, catch_exceptions=False)


def test_init_writes_a_project_whose_model_is_found_from_below(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert tinyml("init", "mine").exit_code == 0
    files = {path.relative_to(here).as_posix() for path in here.rglob("*") if path.is_file()}
    assert files == {"mine/tinyml.toml", "mine/models/line.py", "mine/.gitignore", "mine/README.md"}
    assert len((here / "mine/README.md").read_text().splitlines()) <= 10
    below = here / "mine/deep/er"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    found = Project.find(Path())
    assert found == Project(here / "mine", (here / "mine/models",), here / "mine/artifacts")
    assert found.default_names() == ["line"]
    assert found.model("line").load().name == "line"
    assert found.model("linear").load().name == "linear", "examples are there everywhere"
    assert tinyml("models").output.index("line ") < tinyml("models").output.index("linear")


def test_init_overwrites_nothing(here: Path) -> None:
    (here / "README.md").write_text("mine")
    result = tinyml("init", ".")
    assert (result.exit_code, result.stderr) == (
        2, "tinyml: README.md exists already; nothing was written. Choose another folder.\n"
    )  # fmt: skip
    assert [path.name for path in here.iterdir()] == ["README.md"]


def test_init_where_nothing_can_be_written(here: Path) -> None:
    (here / "file").write_text("")
    result = tinyml("init", "file/project")
    assert result.exit_code in (1, 2)
    assert result.stderr.count("\n") == 1
    assert "choose another folder" in result.stderr.lower()


def test_init_that_fails_in_the_middle_leaves_nothing(here: Path) -> None:
    (here / "models").write_text("mine")
    result = tinyml("init", ".")
    assert (result.exit_code, result.stderr) == (
        1, "tinyml: . cannot be written (File exists). Nothing was left there; choose another folder.\n"
    )  # fmt: skip
    assert [path.name for path in here.iterdir()] == ["models"]


def test_settings_in_pyproject_do_as_well(here: Path) -> None:
    (here / "networks").mkdir()
    (here / "pyproject.toml").write_text('[tool.tinyml]\nmodels = "networks"\nartifacts = "out"\n')
    assert Project.find(Path()) == Project(here, (here / "networks",), here / "out")
    assert Project.find(Path(), Path("elsewhere")).artifacts == Path("elsewhere")


def test_without_settings_the_current_folder_is_the_project(here: Path) -> None:
    assert Project.find(Path()) == Project(Path(), (), Path("artifacts"))
    (here / "pyproject.toml").write_text("[project]\nname = 'other'\n")
    (here / "models").mkdir()
    (here / "models/user.py").write_text("class User: ...\n")  # of a web framework, say
    assert Project.find(Path()).own_names() == []
    assert "linear" in Project.find(Path()).default_names()


BROKEN = {
    "not TOML": ("models = [", "tinyml.toml is not valid TOML: "),
    "a missing folder": (
        'models = ["nets"]',
        "tinyml.toml names the models folder 'nets', but there is no folder nets. Create it, or change models",
    ),
    "an unknown key": ("model = 'x'", "tinyml.toml: there is no setting 'model'; the settings are models and art"),
    "a number": ("models = 3", "tinyml.toml: models must be a folder or a list of folders, as in models = ["),
    "no folder": ("artifacts = ''", "tinyml.toml: artifacts must be a folder, as in artifacts = "),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_settings_are_one_line(name: str, here: Path) -> None:
    text, message = BROKEN[name]
    (here / "tinyml.toml").write_text(text)
    result = tinyml("models")
    assert result.exit_code == 2
    assert result.stderr.startswith(f"tinyml: {message}")
    assert result.stderr.count("\n") == 1
    assert tinyml("--help").exit_code == 0


def test_settings_that_cannot_be_read(here: Path) -> None:
    (here / "tinyml.toml").write_bytes(b"\xff\xfe")
    assert tinyml("models").stderr == "tinyml: tinyml.toml cannot be read: it is not UTF-8 text.\n"
    (here / "tinyml.toml").unlink()
    (here / "tinyml.toml").mkdir()
    assert tinyml("models").stderr == "tinyml: tinyml.toml cannot be read: Is a directory.\n"
    (here / "tinyml.toml").rmdir()
    (here / "tinyml.toml").symlink_to("nowhere")
    assert tinyml("models").stderr == "tinyml: tinyml.toml cannot be read: No such file or directory.\n"


def test_settings_that_an_editor_of_windows_wrote(here: Path) -> None:
    (here / "nets").mkdir()
    (here / "tinyml.toml").write_bytes(b'\xef\xbb\xbfmodels = "nets"\r\n')
    assert Project.find(Path()).model_folders == (here / "nets",)


def test_a_broken_pyproject_is_a_fault_if_it_holds_our_settings(here: Path) -> None:
    (here / "pyproject.toml").write_text("[project\n")
    assert Project.find(Path()).root == Path()
    (here / "pyproject.toml").write_text("[tool.tinyml\n")
    with pytest.raises(UsageError, match=r"pyproject\.toml is not valid TOML: .*\. Fix it\.$"):
        Project.find(Path())


def test_a_model_of_the_users_hides_the_example_of_its_name(here: Path) -> None:
    (here / "models").mkdir()
    (here / "models/linear.py").write_text(LINE.replace('"line"', '"linear"'))
    source = Project.find(Path()).model("linear")
    assert (source.path, source.folder.argument) == (Path("models/linear.py"), "linear")
    assert Project.find(Path()).model_names().count("linear") == 1
    assert "broken spec" not in tinyml("models").output


def test_two_models_of_one_name(here: Path) -> None:
    for folder in ("a", "b"):
        (here / folder).mkdir()
        (here / folder / "line.py").write_text(LINE)
    with pytest.raises(UsageError) as caught:
        chosen(["a/line.py", "b/line.py", "a/line.py"], Project.find(Path()))
    assert str(caught.value) == ("two models have the name 'line': a/line.py and b/line.py. Rename one, file and SPEC.")
    (here / "tinyml.toml").write_text('models = ["a", "b"]')
    with pytest.raises(UsageError) as caught:
        Project.find(Path()).model("line")
    assert str(caught.value) == ("two models have the name 'line': a/line.py and b/line.py. Rename one, file and SPEC.")


def test_no_such_model_says_how_to_start(here: Path) -> None:
    with pytest.raises(UsageError, match=r"there is no model 'zzz'\..*To start a project.*tinyml init my-project"):
        Project.find(Path()).model("zzz")
    with pytest.raises(UsageError, match="Did you mean 'linear'"):
        Project.find(Path()).model("liner")
    (here / "models").mkdir()
    with pytest.raises(UsageError, match="Your own belong in models"):
        Project.find(Path()).model("zzz")


def test_a_spec_file_without_a_project(here: Path) -> None:
    folder = here / "somewhere"
    folder.mkdir()
    (folder / "line.py").write_text(LINE)
    for name in ("my net.tflite", "data.csv"):
        (folder / name).touch()
    source = Project.find(Path()).model("somewhere/line.py")
    assert (source.name, source.load().name, source.folder.path) == ("line", "line", Path("artifacts/line"))
    unknown = {
        "somewhere/no.py": "there is no file 'somewhere/no.py'.",
        "somewhere/line": "there is no model 'somewhere/line'. Did you mean the file 'somewhere/line.py'?",
        "somewhere": "'somewhere' is a folder. Name a model, or its spec file: a path that ends in .py.",
        "somewhere/data.csv": "'somewhere/data.csv' is a file, but no spec file: a path that ends in .py.",
        "somewhere/my net.tflite": (
            "'somewhere/my net.tflite' is a file of a network, not a model with names and ranges of its inputs. Bring"
            ' it in with: tinyml import "somewhere/my net.tflite"'
        ),
    }
    for asked, message in unknown.items():
        with pytest.raises(UsageError) as caught:
            Project.find(Path()).model(asked)
        assert str(caught.value) == message


BEFORE_TRAINING = ("export LINE", "convert LINE", "graph LINE", "predict LINE 7")
BEFORE_CONVERSION = (
    *("generate LINE", "parity LINE", "compile LINE", "fit LINE", "predict LINE 7", "verify LINE --board host"),
    *("firmware LINE --board uno", "build LINE --board host"),
)


@pytest.mark.parametrize(
    ("command", "missing"),
    [*((command, "train") for command in BEFORE_TRAINING), *((command, "convert") for command in BEFORE_CONVERSION)],
)
def test_a_hint_names_the_spec_file_that_a_command_was_given(command: str, missing: str, here: Path) -> None:
    (here / "my nets").mkdir()
    (here / "my nets/line.py").write_text(LINE)
    if missing == "convert":
        folder = Project.find(Path()).folder("line")
        with folder.locked():
            folder.publish({"train": ("", {"model.keras": b"trained"}, {})}, {})
    result = tinyml(*("my nets/line.py" if word == "LINE" else word for word in command.split()))
    assert result.exit_code == 1
    assert result.stderr.endswith(f'is not there. Run: tinyml {missing} "my nets/line.py"\n')


def test_a_model_of_the_project_is_named_by_its_name_even_if_given_by_path(here: Path) -> None:
    (here / "models").mkdir()
    (here / "models/line.py").write_text(LINE)
    assert tinyml("compile", "models/line.py").stderr.endswith("Run: tinyml convert line\n")


def test_helpers_next_to_a_spec(here: Path) -> None:
    """Of two projects whose helpers have the same name, each gets its own, in functions that run later too."""
    for name, slope in (("one", 3), ("two", 7)):
        folder = here / name
        folder.mkdir()
        (folder / "helper.py").write_text(f"SLOPE = {slope}\n")
        text = LINE.replace("import numpy as np\n", "import numpy as np\nfrom helper import SLOPE\n")
        (folder / "line.py").write_text(text.replace("3 * x + 2)", "SLOPE * x + 2)"))
    slopes = []
    for name in ("one", "two"):
        data = Project.find(Path()).model(f"{name}/line.py").load().load_data()
        slopes.append(float((data.targets[0, 0] - 2) / data.inputs[0, 0]))
    assert slopes == pytest.approx([3, 7], rel=1e-4)
    assert [path.name for path in source_files(Path("one/line.py"))] == ["line.py", "helper.py"]


@pytest.mark.parametrize("place", ["line", "helper"])
def test_tensorflow_at_the_top_is_warned_of_and_imported_as_for_training(
    place: str, here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / "helper.py").write_text("SLOPE = 3\n")
    (here / "line.py").write_text(
        LINE.replace("import numpy as np\n", "import numpy as np\nfrom helper import SLOPE\n")
    )
    file = here / f"{place}.py"
    file.write_text(file.read_text() + "import keras.losses as _k\n")
    for module in ("keras", "keras.losses"):  # TensorFlow itself takes seconds
        monkeypatch.setitem(sys.modules, module, ModuleType(module))
    sys.modules["keras"].losses = sys.modules["keras.losses"]  # type: ignore[attr-defined]
    imported = []
    monkeypatch.setattr(keras_import, "import_keras", lambda: imported.append(place))
    assert Project.find(Path()).model("line.py").load().name == "line"
    line = len(file.read_text().splitlines())
    said = f"{place}.py, line {line}: importing keras.losses at the top makes every command"
    assert capsys.readouterr().err.startswith(said)
    assert imported == [place], "without the settings of training its numbers differ from one processor to the next"
