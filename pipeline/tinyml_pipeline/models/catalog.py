"""Finds the models: every file of this folder, or of a user's own, that defines SPEC.

Files that start with an underscore are shared by models.
"""

from __future__ import annotations

import ast
import contextlib
import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path

from tinyml_pipeline import models
from tinyml_pipeline.errors import SpecError, UsageError
from tinyml_pipeline.models.spec import ModelSpec, Spec
from tinyml_pipeline.names import hint, module_names
from tinyml_pipeline.show.report import progress
from tinyml_pipeline.user_code import line_in, say, shown

_NOT_MODELS = {"spec", "catalog"}
_HELPER_FOLDERS: set[str] = set()
"""Folders of spec files that have been run in this process."""


def model_names() -> list[str]:
    """The names of all models, in alphabetical order; reads no spec."""
    return module_names(models.__path__, _NOT_MODELS)


def source_path(name: str) -> Path:
    """The file that defines a model; UsageError names the nearest model where there is none."""
    known = model_names()
    if name not in known:
        raise UsageError(f"there is no model '{name}'. {hint(name, known)}")
    return Path(models.__path__[0]) / f"{name}.py"


def source_files(path: Path) -> list[Path]:
    """A spec file and the helper modules next to it that it imports, directly or not."""
    found, todo = [], [path]
    while todo:
        file = todo.pop()
        if file in found:
            continue
        found.append(file)
        names = _imported(file)
        todo += [
            helper for name in sorted(names) if (helper := path.parent / f"{name.rsplit('.', 1)[-1]}.py").is_file()
        ]
    return found


def _imported(path: Path) -> set[str]:
    """The modules that a file imports, at any depth; none of a file that is not valid Python."""
    try:
        tree = ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return set()
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {alias.name for alias in node.names} | {node.module or ""}
    return found


def load_spec(name: str) -> ModelSpec:
    """The spec of one built-in model.

    Raises UsageError for an unknown name and SpecError where the file raises, lacks SPEC, or names another model.
    """
    spec = load_spec_file(source_path(name), name)
    assert isinstance(spec, ModelSpec), "the examples are trained here"
    return spec


def load_spec_file(path: Path, name: str) -> Spec:
    """Run a spec file and take its SPEC; whatever it raises becomes one line that names file and line."""
    is_example = path.resolve().parent == Path(models.__path__[0])
    module_name = f"tinyml_pipeline.models.{name}" if is_example else f"tinyml_user_models.{name}"
    module_spec = importlib.util.spec_from_file_location(module_name, path)
    assert module_spec is not None
    assert module_spec.loader is not None
    module = importlib.util.module_from_spec(module_spec)
    if not is_example:
        _import_slow_modules(path)
    try:
        with contextlib.nullcontext() if is_example else _helpers_of(path):
            module_spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        line = line_in(path, error)
        where = shown(path) if line is None else f"{shown(path)}, line {line}"
        if isinstance(error, SpecError):
            raise SpecError(f"{where}: {error}") from error
        raise SpecError(f"{where}: {say(error)}. Fix the spec file.") from error
    found = getattr(module, "SPEC", None)
    if found is not None and not isinstance(found, Spec):
        kind = f"the class {found.__name__}" if isinstance(found, type) else f"of type {type(found).__name__}"
        raise SpecError(f"{shown(path)}: its SPEC is {kind}, not a ModelSpec or ImportedSpec.")
    if found is None:
        raise SpecError(f"{shown(path)} defines no SPEC; give it one: SPEC = ModelSpec(name='{name}', ...).")
    if found.name != name:
        raise SpecError(f"{shown(path)} names its model '{found.name}'; file and model must have the same name.")
    return found


@contextlib.contextmanager
def _helpers_of(path: Path) -> Iterator[None]:
    """While a spec runs, modules next to it come first, as for a script; functions that it calls later find them last.

    A helper of the same name in another project's folder, imported before, is forgotten.
    """
    folder = str(path.resolve().parent)
    for name in [file.stem for file in path.parent.glob("*.py")]:
        place = getattr(sys.modules.get(name), "__file__", None)
        if place and (other := str(Path(place).parent)) != folder and other in _HELPER_FOLDERS:
            del sys.modules[name]
    sys.path.insert(0, folder)
    try:
        yield
    finally:
        sys.path.remove(folder)
        if folder not in sys.path:
            sys.path.append(folder)
        _HELPER_FOLDERS.add(folder)


def _import_slow_modules(path: Path) -> None:
    """If a spec or its helpers import TensorFlow at the top: warn, and import it as `train` does, quiet and exact."""
    for file in source_files(path):
        try:
            tree = ast.parse(file.read_bytes())
        except (OSError, SyntaxError, ValueError):
            return  # running it says what is wrong
        for node in tree.body:
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            slow = next((name for name in names if name.split(".")[0] in ("tensorflow", "keras")), None)
            if slow is not None:
                progress.say(
                    f"{shown(file)}, line {node.lineno}: importing {slow} at the top makes every command some seconds"
                    " slower; import it inside build() and the other functions that use it."
                )
                from tinyml_pipeline.training.keras_import import import_keras

                import_keras()
                return
