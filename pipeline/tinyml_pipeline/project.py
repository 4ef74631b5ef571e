"""Where a user's models and artifacts lie: the folder with tinyml.toml, found from the current folder upwards.

    models = ["models"]        # folders with spec files, from the folder of tinyml.toml
    artifacts = "artifacts"    # where everything that is made goes

The same two keys below [tool.tinyml] in pyproject.toml do as well. Without either, the current folder is the project.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tinyml_pipeline.errors import SpecError, UsageError
from tinyml_pipeline.names import hint
from tinyml_pipeline.user_code import shown

if TYPE_CHECKING:
    from tinyml_pipeline.artifacts import ModelFolder
    from tinyml_pipeline.models.spec import ModelSpec, Spec

CONFIG = "tinyml.toml"
_PYPROJECT = "pyproject.toml"
_MODELS, _ARTIFACTS = "models", "artifacts"
KERAS_SUFFIXES = (".keras", ".h5", ".hdf5")
_SPEC = re.compile(r"^SPEC\b", re.MULTILINE)


@dataclass(frozen=True)
class ModelSource:
    """One model before anything of it is run: its spec file, and the folder of its artifacts."""

    name: str
    path: Path
    folder: ModelFolder

    def load(self) -> Spec:
        """Run the spec file. Raises SpecError if it raises, defines no SPEC, or names another model."""
        from tinyml_pipeline.models.catalog import load_spec_file

        return load_spec_file(self.path, self.name)

    def load_trained_here(self) -> ModelSpec:
        """The same for a model that is trained here. Raises SpecError for an imported one."""
        from tinyml_pipeline.models.spec import ModelSpec

        spec = self.load()
        if not isinstance(spec, ModelSpec):
            raise SpecError(
                f"{self.name} was trained elsewhere and is taken as it is, so that there is nothing to train. Run:"
                f" tinyml convert {self.folder.argument}"
            )
        return spec


@dataclass(frozen=True)
class Project:
    """`model_folders` hold the user's spec files; built-in models are examples that every project has as well."""

    root: Path
    model_folders: tuple[Path, ...]
    artifacts: Path

    @classmethod
    def find(cls, start: Path, artifacts: Path | None = None) -> Project:
        """The project that `start` lies in; without one, `start` itself with its folder models/, if there is one.

        `artifacts` replaces the project's own folder for what is made. Raises UsageError for a tinyml.toml that is
        broken, has a key that means nothing, or names a folder of models that does not exist.
        """
        for folder in (start.resolve(), *start.resolve().parents):
            settings, source = _settings_in(folder)
            if settings is not None:
                return cls(
                    folder,
                    _model_folders(folder, settings, source),
                    artifacts or folder / _text(settings, _ARTIFACTS, _ARTIFACTS, source),
                )
        own = start / _MODELS
        # Relative to where the user is, so that messages show paths as the user would type them.
        return cls(start, (own,) if own.is_dir() else (), artifacts or start / _ARTIFACTS)

    def own_names(self) -> list[str]:
        """The user's own models, in alphabetical order: files that assign SPEC; runs none."""
        return sorted({path.stem for folder in self.model_folders for path in _spec_files(folder)})

    def model_names(self) -> list[str]:
        """The user's own models first, then the examples whose names they do not have; runs none."""
        own = self.own_names()
        return own + [name for name in _example_names() if name not in own]

    def default_names(self) -> list[str]:
        """What a command works on if no model is named: the user's own models; without any, the examples."""
        return self.own_names() or _example_names()

    def model(self, asked: str) -> ModelSource:
        """The model of a name, or of the path of a spec file.

        Raises UsageError for a name that is not known (with the nearest one) or stands for two files, and for a path
        where there is no file.
        """
        if asked.endswith(".py"):
            return self._model_of_path(asked)
        found = self._files(asked)
        if not found:
            raise UsageError(self._unknown(asked))
        if len(found) > 1:
            raise UsageError(
                f"two models have the name '{asked}': {shown(found[0])} and {shown(found[1])}. Rename"
                " one, file and SPEC."
            )
        return ModelSource(asked, found[0], self.folder(asked))

    def folder(self, name: str, asked: str = "") -> ModelFolder:
        """Where everything that is made of one model goes; not created here. `asked` is the path that means it, if its
        name does not."""
        from tinyml_pipeline.artifacts import ModelFolder

        return ModelFolder(self.artifacts, name, asked)

    def _model_of_path(self, asked: str) -> ModelSource:
        path = Path(asked)
        if not path.is_file():
            raise UsageError(f"there is no file '{asked}'.")
        is_named = [file.resolve() for file in self._files(path.stem)] == [path.resolve()]
        return ModelSource(path.stem, path, self.folder(path.stem, "" if is_named else asked))

    def _files(self, name: str) -> list[Path]:
        """The user's spec files of that name; without any, the example."""
        found = [folder / f"{name}.py" for folder in self.model_folders if (folder / f"{name}.py").is_file()]
        example = _example_path(name)
        return [example] if example is not None and not found else found

    def _unknown(self, asked: str) -> str:
        if Path(f"{asked}.py").is_file():
            return f"there is no model '{asked}'. Did you mean the file '{asked}.py'?"
        if (Path(asked) / "saved_model.pb").is_file():
            return (
                f"'{asked}' is a SavedModel, not a model with names and ranges of its inputs. {self._bring_in(asked)}"
            )
        if Path(asked).is_dir():
            return f"'{asked}' is a folder. Name a model, or its spec file: a path that ends in .py."
        if Path(asked).is_file():
            if Path(asked).suffix.lower() in (*KERAS_SUFFIXES, ".tflite"):
                return (
                    f"'{asked}' is a file of a network, not a model with names and ranges of its inputs."
                    f" {self._bring_in(asked)}"
                )
            return f"'{asked}' is a file, but no spec file: a path that ends in .py."
        unknown, meant = f"there is no model '{asked}'.", hint(asked, self.model_names())
        if meant.startswith("Did you mean"):
            return f"{unknown} {meant}"
        if self.model_folders:
            return f"{unknown} {meant} Your own belong in {shown(self.model_folders[0])}."
        return f"{unknown} {meant} To start a project with models of your own: tinyml init my-project"

    def _bring_in(self, asked: str) -> str:
        return f"Bring it in with: tinyml import {self.folder(Path(asked).stem, asked).argument}"


def _settings_in(folder: Path) -> tuple[Mapping[str, Any] | None, Path]:
    """What a folder's tinyml.toml says, or its pyproject.toml below [tool.tinyml]; None if it has neither."""
    own, shared = folder / CONFIG, folder / _PYPROJECT
    if os.path.lexists(own):  # a folder or a broken link of that name too: it was meant
        return _read_toml(own), own
    if shared.is_file():
        tool = _read_toml(shared).get("tool", {})
        found = tool.get("tinyml") if isinstance(tool, dict) else None
        if found is not None and not isinstance(found, dict):
            raise UsageError(f"{shown(shared)}: [tool.tinyml] must be a table with the keys models and artifacts.")
        return found, shared
    return None, own


def _read_toml(path: Path) -> dict[str, Any]:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib  # the same parser, which Python has of its own from 3.11 on
    text = ""
    try:
        text = path.read_text(encoding="utf-8-sig")  # Windows' editors begin a file with a byte order mark
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        if path.name == _PYPROJECT and "tool.tinyml" not in text:  # its own tools say what is wrong with it
            return {}
        way_out = "Fix it." if path.name == _PYPROJECT else "Fix it, or delete it."
        raise UsageError(f"{shown(path)} is not valid TOML: {error}. {way_out}") from None
    except (OSError, UnicodeDecodeError) as error:
        if path.name == _PYPROJECT:
            return {}
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise UsageError(f"{shown(path)} cannot be read: {reason}.") from None


def _model_folders(root: Path, settings: Mapping[str, Any], source: Path) -> tuple[Path, ...]:
    for key in settings:
        if key not in (_MODELS, _ARTIFACTS):
            raise UsageError(f"{shown(source)}: there is no setting '{key}'; the settings are models and artifacts.")
    if _MODELS not in settings:
        return (root / _MODELS,) if (root / _MODELS).is_dir() else ()
    found = settings[_MODELS]
    names = [found] if isinstance(found, str) else found
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise UsageError(f'{shown(source)}: models must be a folder or a list of folders, as in models = ["models"].')
    for name in names:
        if not (root / name).is_dir():
            raise UsageError(
                f"{shown(source)} names the models folder '{name}', but there is no folder {shown(root / name)}. Create"
                " it, or change models in that file."
            )
    return tuple(root / name for name in names)


def _text(settings: Mapping[str, Any], key: str, default: str, source: Path) -> str:
    found = settings.get(key, default)
    if not isinstance(found, str) or not found:
        raise UsageError(f'{shown(source)}: {key} must be a folder, as in {key} = "{default}".')
    return found


def _spec_files(folder: Path) -> list[Path]:
    """The files that assign SPEC. A folder named models/ may be anyone's: other files are helpers, or not ours."""
    found = []
    for path in sorted(folder.glob("*.py")):
        try:
            is_spec = _SPEC.search(path.read_text(encoding="utf-8")) is not None
        except (OSError, UnicodeDecodeError):
            continue
        if is_spec:
            found.append(path)
    return found


def _example_names() -> list[str]:
    from tinyml_pipeline.places import PACKAGE

    besides = {"spec", "catalog"}
    paths = (PACKAGE / "models").glob("*.py")
    return sorted(path.stem for path in paths if path.stem not in besides and not path.stem.startswith("_"))


def _example_path(name: str) -> Path | None:
    from tinyml_pipeline.places import PACKAGE

    return PACKAGE / "models" / f"{name}.py" if name in _example_names() else None
