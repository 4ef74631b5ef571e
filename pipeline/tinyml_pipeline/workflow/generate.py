"""`tinyml generate`: int8 model to C array and sketches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tinyml_pipeline import provenance
from tinyml_pipeline.artifacts import ModelFolder, StageRecord
from tinyml_pipeline.compiler.source_tree import SourceTree
from tinyml_pipeline.errors import UsageError
from tinyml_pipeline.project import Project
from tinyml_pipeline.runtimes import tflm
from tinyml_pipeline.runtimes.runtime import Oracle
from tinyml_pipeline.runtimes.tflm_libraries import find_library
from tinyml_pipeline.show.report import progress
from tinyml_pipeline.workflow import records
from tinyml_pipeline.workflow.opened import OpenModel, open_file, open_model
from tinyml_pipeline.workflow.outcomes import Outcomes, Result, chosen, each, is_file, tell_edited


@dataclass(frozen=True)
class GenerateRecord:
    """The C array and the sketches of one model: for which libraries, and the number of vectors in their self-test.

    `arena_minimum_bytes` is what the host's TFLM needs, `arena_bytes` the largest that one of the sketches reserves.
    """

    libraries: tuple[str, ...]
    golden_vectors: int
    arena_minimum_bytes: int
    arena_bytes: int


@dataclass(frozen=True)
class Generation(Result):
    """A model whose C array and sketches were written."""

    generated: GenerateRecord

    def facts(self) -> dict[str, Any]:
        return {"generate": records.to_json(self.generated)}


def generate(
    names: Sequence[str], project: Project, *, libraries: Sequence[str] = (), output: Path | None = None
) -> Outcomes[Generation]:
    """The C array and the sketches again; of a .tflite from elsewhere, in a folder of its own."""
    if output is not None and not (len(names) == 1 and is_file(names[0])):
        raise UsageError("--output takes exactly one .tflite; a model's files always land in its artifacts folder.")
    targets = [find_library(name).name for name in libraries]
    return each(
        chosen(names, project, files=True),
        lambda name: (
            _generate_file(Path(name), project, targets, output)
            if is_file(name)
            else _generate_model(name, project, targets)
        ),
    )


def firmware_sources(opened: OpenModel, libraries: Sequence[str]) -> tuple[SourceTree, GenerateRecord]:
    """C array and sketches of one model, and the record for the manifest.

    Libraries that were not asked for and cannot run the model are left out, with the reason reported.
    """
    model, spec = opened.model, opened.spec
    oracle = Oracle(opened.golden, opened.arena_bytes, spec.inputs if spec else ())
    able, refused = tflm.supported_libraries(model)
    targets = {name: find_library(name) for name in libraries} or able
    tree = tflm.data_sources(model)
    for target in targets.values():
        tree = tree.merged(tflm.TflmRuntime().sources(model, target, oracle))
    for reason in () if libraries else refused.values():
        progress.say(f"no sketch for {reason}")
    arenas = (tflm.plan_arena(model.graph, oracle.arena_bytes, target).total for target in targets.values())
    return tree, GenerateRecord(tuple(targets), len(opened.golden), oracle.arena_bytes, max(arenas, default=0))


def encoded(tree: Mapping[str, str]) -> dict[str, bytes]:
    return {path: text.encode() for path, text in tree.items()}


def _generate_model(name: str, project: Project, libraries: Sequence[str]) -> Generation:
    with project.model(name).folder.locked():
        opened = open_model(name, project)
        converted = opened.folder.record("convert")
        assert converted is not None, "open_model() has found it"
        record = _write(opened, opened.folder, converted.made_from, libraries)
    return Generation(opened.name, str(opened.folder.path), record)


def _generate_file(path: Path, project: Project, libraries: Sequence[str], output: Path | None) -> Generation:
    if output is None and path.stem in project.model_names():
        raise UsageError(f"{path.name} has the name of a model of this project; give its files a folder with --output.")
    opened = open_file(path, project)
    folder = ModelFolder(output.parent, output.name) if output is not None else opened.folder
    with folder.locked():
        record = _write(opened, folder, opened.model.sha256, libraries)
    return Generation(path.stem, str(folder.path), record)


def _write(opened: OpenModel, folder: ModelFolder, origin: str, libraries: Sequence[str]) -> GenerateRecord:
    """Publish the stage, and give its record; sketches of the same model for libraries that were not asked for stay.

    `origin` tells the model.
    """
    with progress.working(f"{opened.name}: writing the C array and the sketches"):
        tree, record = firmware_sources(opened, libraries)
    made_from, staying = origin, []
    if libraries:
        before = folder.record("generate")
        of_before = _libraries_of(before)
        if before is not None and before.made_from in (origin, provenance.digest(origin, of_before)):
            kept = [name for name in of_before if name not in libraries and (folder.path / name).is_dir()]
            staying = [file for file in before.files if file.split("/")[0] in kept]
            record = replace(record, libraries=tuple(sorted({*libraries, *kept})))
        if before is None or before.made_from != origin or list(record.libraries) != of_before:  # not all that can be
            made_from = provenance.digest(origin, list(record.libraries))
    stages = {"generate": (made_from, encoded(tree), records.to_json(record))}
    tell_edited(folder, folder.publish(stages, provenance.environment(), staying=staying))
    return record


def _libraries_of(before: StageRecord | None) -> list[str]:
    """For which libraries there are sketches from before."""
    try:
        return [] if before is None else list(records.read(GenerateRecord, before.facts).libraries)
    except records.RecordError:
        return []
