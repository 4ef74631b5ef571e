"""Finds the models: every file of this folder, or of a user's own, that defines SPEC.

Files that start with an underscore are shared by models.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

from tinyml_pipeline import models
from tinyml_pipeline.errors import SpecError, UsageError
from tinyml_pipeline.models.spec import ModelSpec
from tinyml_pipeline.names import hint, module_names
from tinyml_pipeline.user_code import line_in, say, shown

_NOT_MODELS = {"spec", "catalog"}


def model_names() -> list[str]:
    """The names of all models, in alphabetical order; reads no spec."""
    return module_names(models.__path__, _NOT_MODELS)


def source_path(name: str) -> Path:
    """The file that defines a model; UsageError names the nearest model where there is none."""
    known = model_names()
    if name not in known:
        raise UsageError(f"there is no model '{name}'. {hint(name, known)}")
    return Path(models.__path__[0]) / f"{name}.py"


def load_spec(name: str) -> ModelSpec:
    """The spec of one model.

    Raises UsageError for an unknown name and SpecError where the file raises, lacks SPEC, or names another model.
    """
    return load_spec_file(source_path(name), name)


def load_spec_file(path: Path, name: str) -> ModelSpec:
    """Run a spec file and take its SPEC; whatever it raises becomes one line that names file and line."""
    module_spec = importlib.util.spec_from_file_location(f"tinyml_pipeline.models.{name}", path)
    assert module_spec is not None
    assert module_spec.loader is not None
    module = importlib.util.module_from_spec(module_spec)
    try:
        module_spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        line = line_in(path, error)
        where = shown(path) if line is None else f"{shown(path)}, line {line}"
        if isinstance(error, SpecError):
            raise SpecError(f"{where}: {error}") from error
        raise SpecError(f"{where}: {say(error)}. Mend the spec file.") from error
    found = getattr(module, "SPEC", None)
    if not isinstance(found, ModelSpec):
        raise SpecError(f"{shown(path)} defines no SPEC; give it one: SPEC = ModelSpec(name='{name}', ...).")
    if found.name != name:
        raise SpecError(f"{shown(path)} names its model '{found.name}'; file and model must have the same name.")
    return found
