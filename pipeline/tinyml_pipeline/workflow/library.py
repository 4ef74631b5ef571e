"""`tinyml library`: models as one folder of plain C that every ecosystem takes, for every processor."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tinyml_pipeline import provenance
from tinyml_pipeline.artifacts import ModelFolder
from tinyml_pipeline.compiler.compile import Unit, compile_together
from tinyml_pipeline.compiler.prefix import c_prefix
from tinyml_pipeline.compiler.source_tree import SourceTree
from tinyml_pipeline.compiler.target import find_target
from tinyml_pipeline.errors import UnsupportedError, UsageError
from tinyml_pipeline.project import Project
from tinyml_pipeline.quantization.quantized_model import Vectors
from tinyml_pipeline.runtimes.library import PORTABLE, PROCESSORS, Member, Processor, library_files
from tinyml_pipeline.show.report import progress
from tinyml_pipeline.workflow.compile import c_names as names_in_c
from tinyml_pipeline.workflow.generate import encoded
from tinyml_pipeline.workflow.opened import OpenModel, open_model
from tinyml_pipeline.workflow.outcomes import Outcomes, Result, chosen, tell_edited
from tinyml_pipeline.workflow.plain_c import Optimize, evaluator, unit_of

_EARLIEST = (1980, 1, 1, 0, 0, 0)  # of a zip archive: the same models give the same bytes


@dataclass(frozen=True)
class Library(Result):
    """A library that was written: its models, and for each kind of processor those that have no C there, and why."""

    models: tuple[str, ...]
    files: int
    archive: str
    missing: Mapping[str, Mapping[str, str]]

    def facts(self) -> dict[str, Any]:
        return {
            "library": {
                "models": list(self.models),
                "files": self.files,
                "archive": self.archive,
                "missing": {target: dict(reasons) for target, reasons in self.missing.items()},
            }
        }


def write_library(
    names: Sequence[str],
    project: Project,
    *,
    output: Path,
    c_names: Sequence[str] = (),
    optimize: Optimize | None = None,
    archive: bool = False,
) -> Outcomes[Library]:
    """The models as one library in the folder `output`, after which it is called; with `archive` also as a .zip in it.

    `c_names` are the models' names in C, one each, or none for their own. Raises UsageError for names that clash or are
    none, UnsupportedError if a model has no C for any processor.
    """
    chosen(names, project, files=True)
    called = names_in_c(names, c_names)
    library = c_prefix(output.resolve().name)
    _refuse_file_names(called.values(), library)
    opened = [open_model(name, project, name=prefix if c_names else "") for name, prefix in called.items()]
    units = [unit_of(one.model, prefix) for one, prefix in zip(opened, called.values(), strict=True)]
    trees: dict[str, SourceTree] = {}
    missing: dict[str, dict[str, str]] = {}
    with progress.working(f"{library}: compiling for {len(PROCESSORS) + 1} kinds of processor"):
        for processor in (PORTABLE, *PROCESSORS):
            trees[processor.target], reasons = _compiled(units, processor, optimize)
            if reasons:
                missing[processor.target] = reasons
    if PORTABLE.target in missing:
        model, why = next(iter(missing[PORTABLE.target].items()))
        raise UnsupportedError(f"{model}: {why}")
    members = [Member(one.model, unit.prefix, _example(one)) for one, unit in zip(opened, units, strict=True)]
    files = encoded(library_files(library, members, trees, missing))
    made_from = provenance.digest(*(one.model.sha256 for one in opened), *called.values(), optimize)
    if archive:
        files[f"{library}.zip"] = _packed(library, files)
    folder = ModelFolder(output.parent, output.name)
    with folder.locked():
        tell_edited(folder, folder.publish({"library": (made_from, files, {})}, provenance.environment()))
    packed = str(output / f"{library}.zip") if archive else ""
    written = Library(library, str(output), tuple(called.values()), len(files), packed, missing)
    return Outcomes([written], [])


def _refuse_file_names(prefixes: Collection[str], library: str) -> None:
    """UsageError for a model whose files would have the names of others that the library has."""
    for taken in (f"{library}_kernels", *(f"{prefix}_example" for prefix in prefixes)):
        if taken in prefixes:
            raise UsageError(f"{taken} is the name of another file of the library; give the model another with --name.")


def _compiled(
    units: Sequence[Unit], processor: Processor, optimize: Optimize | None
) -> tuple[SourceTree, dict[str, str]]:
    """The C of all models that have one there, and why the others, by what they are called in C, have none."""
    target = find_target(processor.target, optimize or processor.optimize)
    able, reasons = list(units), {}
    try:
        return compile_together(able, target, evaluate=evaluator()), {}
    except UnsupportedError:
        pass  # of which model, and of which others, is found out one by one
    for unit in units:
        try:
            compile_together([unit], target, evaluate=evaluator())
        except UnsupportedError as error:
            able.remove(unit)
            reasons[unit.prefix] = str(error)
    return compile_together(able, target, evaluate=evaluator()) if able else SourceTree(), reasons


def _example(opened: OpenModel) -> Vectors:
    """The vector in the middle of those of the self-test: neither the lowest answer nor the highest."""
    golden = opened.golden
    middle = len(golden) // 2
    return Vectors(
        tuple(array[middle : middle + 1] for array in golden.inputs),
        tuple(array[middle : middle + 1] for array in golden.outputs),
    )


def _packed(library: str, files: Mapping[str, bytes]) -> bytes:
    """A zip archive with one folder in it, as Arduino's IDE wants it."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in sorted(files.items()):
            archive.writestr(zipfile.ZipInfo(f"{library}/{path}", _EARLIEST), content, zipfile.ZIP_DEFLATED)
    return data.getvalue()
