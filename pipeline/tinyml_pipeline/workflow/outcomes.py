"""What a verb answers, and what all verbs share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from tinyml_pipeline.artifacts import ModelFolder
from tinyml_pipeline.compiler.file_kinds import describe_other_file, is_tflite
from tinyml_pipeline.errors import PipelineError, UsageError, visible
from tinyml_pipeline.models.spec import ImportedSpec, Spec
from tinyml_pipeline.project import Project
from tinyml_pipeline.show.report import progress
from tinyml_pipeline.user_code import shown
from tinyml_pipeline.wording import argument
from tinyml_pipeline.workflow.trained import trained_sha256s

T = TypeVar("T")


@dataclass(frozen=True)
class Outcomes(Generic[T]):
    """One result a model, and one error for each model that failed: the others go on without it."""

    results: list[T]
    errors: list[PipelineError]


@dataclass(frozen=True)
class Result:
    """What a verb did to one model. Each verb has its own subclass, with typed fields for what it found."""

    model: str
    folder: str

    @property
    def up_to_date(self) -> bool:
        """Whether nothing was done, because nothing had changed."""
        return False

    @property
    def passed(self) -> bool:
        """Whether every check of the verb passed."""
        return True

    def facts(self) -> dict[str, Any]:
        """What was found, as plain JSON under the name of each stage."""
        return {}

    def to_json(self) -> dict[str, Any]:
        """What `--json` prints."""
        return {
            "model": self.model,
            "folder": self.folder,
            "facts": self.facts(),
            "up_to_date": self.up_to_date,
            "passed": self.passed,
        }


@dataclass(frozen=True)
class ModelStatus:
    model: str
    summary: str
    state: str


def list_models(project: Project) -> list[ModelStatus]:
    """Every model and how far it has come, the user's own first."""
    statuses = []
    for name in project.model_names():
        try:
            spec = project.model(name).load()
            statuses.append(ModelStatus(name, spec.summary, _state(project.folder(name), spec)))
        except PipelineError as error:
            statuses.append(ModelStatus(name, str(error), "broken spec"))
    return statuses


def _state(folder: ModelFolder, spec: Spec) -> str:
    done = [stage for stage in ("train", "import", "convert", "generate", "parity") if folder.record(stage) is not None]
    proof = folder.record("parity")
    if is_outdated(folder):
        done = [done[0], "convert it again"]
    elif proof is not None and not proof.facts.get("passed"):
        done[-1] = "parity FAILED"
    return ", ".join(done) or ("not imported" if isinstance(spec, ImportedSpec) else "not trained")


def is_outdated(folder: ModelFolder) -> bool:
    """Whether the model was trained or imported again since it was converted."""
    trained, converted = trained_sha256s(folder), folder.record("convert")
    return bool(trained) and converted is not None and converted.facts.get("keras_sha256") not in trained


def each(names: Iterable[str], work: Callable[[str], T]) -> Outcomes[T]:
    """Do the work for every name; a PipelineError ends its own model only."""
    outcomes: Outcomes[T] = Outcomes([], [])
    for name in names:
        try:
            outcomes.results.append(work(name))
        except PipelineError as error:
            outcomes.errors.append(error)
    return outcomes


def chosen(names: Sequence[str], project: Project, *, files: bool = False) -> list[str]:
    """What was asked for, without repeats; none means the user's own models, or the examples if there are none.

    A model is its name or the path of its spec file; `files` lets paths of .tflite files through.

    UsageError for an unknown model or a file that is not there, before any work starts.
    """
    sources: dict[str, Path] = {}
    for name in names:
        if not (files and is_file(name)):
            source = project.model(name)
            other = sources.setdefault(source.name, source.path)
            if other.resolve() != source.path.resolve():
                raise UsageError(
                    f"two models have the name '{source.name}': {shown(other)} and {shown(source.path)}. Rename one,"
                    " file and SPEC."
                )
        elif not Path(name).is_file():
            raise UsageError(_no_file(name))
        elif not (name.endswith(".tflite") or is_tflite(read_file(Path(name), most=8))):
            kind = describe_other_file(read_file(Path(name)))
            raise UsageError(f"{visible(name)}: {kind}")
    return list(dict.fromkeys(names)) or project.default_names()


def _no_file(name: str) -> str:
    path = Path(name)
    if (path / "saved_model.pb").is_file():
        way = f"tinyml convert {visible(argument(name))}"
        return f"'{visible(name)}' is a SavedModel, not a .tflite file. Convert it first: {way}"
    if path.is_dir():
        return f"'{visible(name)}' is a folder; pass a .tflite file in it."
    if path.exists():
        return f"'{visible(name)}' is not a regular file; copy what it gives to a .tflite file, and pass that."
    return f"there is no file '{visible(name)}'."


def is_file(name: str) -> bool:
    """Whether an argument means a .tflite file and not a model: its name, without dot or slash, or its spec file."""
    return ("." in name or "/" in name) and not name.endswith(".py")


def read_file(path: Path, most: int = -1) -> bytes:
    """The bytes of a file that the user named, or the first `most`."""
    try:
        with path.open("rb") as file:
            return file.read(most)
    except OSError as error:
        raise UsageError(f"{path} cannot be read ({error.strerror}).") from None


def tell_edited(folder: ModelFolder, edited: Sequence[str]) -> None:
    for name in edited:
        progress.say(f"{folder.model}: you had changed {name}; your text is kept as {folder.path / name}.edited.")
