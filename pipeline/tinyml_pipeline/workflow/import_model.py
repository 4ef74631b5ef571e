"""`tinyml import`: a network that was trained elsewhere becomes a model of the project, its weights as they are."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tinyml_pipeline import provenance
from tinyml_pipeline.errors import PipelineError, SpecError, UsageError, visible
from tinyml_pipeline.extras import need_extra
from tinyml_pipeline.model_domains import domains_by_port
from tinyml_pipeline.models.spec import ImportedSpec
from tinyml_pipeline.project import ModelSource, Project
from tinyml_pipeline.quantization.convert import KerasProcess
from tinyml_pipeline.quantization.quantized_model import load_quantized
from tinyml_pipeline.show.report import progress
from tinyml_pipeline.user_code import shown
from tinyml_pipeline.workflow import records
from tinyml_pipeline.workflow.imported_text import InputRange, given_inputs, named_inputs, named_outputs, spec_text
from tinyml_pipeline.workflow.model_files import ModelFile, is_model_file, read_model_file
from tinyml_pipeline.workflow.outcomes import Outcomes, Result, is_file, tell_edited
from tinyml_pipeline.workflow.samples import csv_header, read_samples
from tinyml_pipeline.workflow.spec_file import path_from, spec_place
from tinyml_pipeline.workflow.trained import FORMS, ImportRecord, TensorRecord
from tinyml_pipeline.workflow.whole_file import write_whole


@dataclass(frozen=True)
class Import(Result):
    """A network that was imported; `spec` is the file that says how it is used, `asked` what commands call it."""

    imported: ImportRecord
    spec: str
    asked: str

    def facts(self) -> dict[str, Any]:
        return {"import": records.to_json(self.imported), "spec": self.spec}


@dataclass(frozen=True)
class Wanted:
    """What `import` was asked for besides the file: '' or empty stands for what the file and the data say."""

    name: str = ""
    data: str = ""
    inputs: tuple[str, ...] = ()
    trust: bool = False
    unroll: bool = False

    @property
    def is_empty(self) -> bool:
        return self == Wanted()


@dataclass(frozen=True)
class _How:
    """What changes the network that a file gives."""

    trust: bool
    unroll: bool


def import_models(asked: str, project: Project, wanted: Wanted, *, force: bool = False) -> Outcomes[Import]:
    """Import a file, or again the one that the spec of an imported model names."""
    with KerasProcess() as keras:
        if asked in project.own_names() or asked.endswith(".py"):
            source = project.model(asked)
            spec = source.load()
            if not isinstance(spec, ImportedSpec):
                raise UsageError(f"{asked} is trained here, not imported. Run: tinyml train {source.folder.argument}")
            if not wanted.is_empty:
                raise UsageError(f"{asked} is imported already; change {shown(source.path)}, or give the file.")
            with source.folder.locked():
                _, record = ensure_imported(source, spec, keras, force=force)
            made = Import(source.name, str(source.folder.path), record, shown(source.path), source.folder.argument)
        else:
            made = import_file(Path(asked), project, wanted, keras, force=force)
    return Outcomes([made], [])


def import_file(path: Path, project: Project, wanted: Wanted, keras: KerasProcess, *, force: bool = False) -> Import:
    """Check and load the file, write its spec into the project's folder of models, and keep the network.

    Raises UsageError if the name is taken (and `force` is not given) or the ranges of the inputs are not known, and
    what `read_model_file` and the child process raise. Nothing is written then.
    """
    file = read_model_file(path, trust=wanted.trust)
    name = wanted.name or _name_of(path)
    place = spec_place(name, project, f"tinyml convert {name}; or choose another name with --name", force)
    given = given_inputs(wanted.inputs)
    how = _How(wanted.trust, wanted.unroll)
    archive, record = _read(file, name, visible(shown(path)), how, keras)
    source = ModelSource(name, place, project.folder(name))
    ports, shapes = [one.name for one in record.inputs], [one.shape for one in record.inputs]
    samples_path = Path(wanted.data) if wanted.data else None
    samples = () if samples_path is None else read_samples(samples_path, ports, shapes, [one.name for one in given])
    header = () if samples_path is None else csv_header(samples_path)
    ranges = (
        _ranges_of_int8(archive, name, ports, given)
        if record.kept == "int8"
        else named_inputs(ports, shapes, given, samples, header, shown(path))
    )
    outputs = named_outputs([one.name for one in record.outputs], [one.shape for one in record.outputs])
    text = spec_text(
        name,
        path_from(place, file.path),
        ranges,
        outputs,
        samples="" if samples_path is None else path_from(place, samples_path),
        trust=wanted.trust,
        unroll=wanted.unroll,
    )
    with source.folder.locked():
        _publish(source, archive, record, _made_from(file, how))
        write_whole(place, text)
    return Import(name, str(source.folder.path), record, shown(place), name)


def is_trained_file(asked: str, project: Project) -> bool:
    """Whether `convert` was given a file to import, and not the name of a model or its spec."""
    if asked in project.model_names() or asked.endswith(".py"):
        return False
    return is_model_file(asked) or is_file(asked)


def ensure_imported(
    source: ModelSource, spec: ImportedSpec, keras: KerasProcess, *, force: bool = False
) -> tuple[bytes, ImportRecord]:
    """The network of an imported model, read again if its file has changed; the caller holds the folder's lock."""
    folder, path = source.folder, source.path.parent / spec.file
    file = read_model_file(path, trust=spec.trust)
    how = _How(spec.trust, spec.unroll)
    made_from = _made_from(file, how)
    found = folder.record("import")
    if found is not None and not force and folder.is_current("import", made_from):
        try:
            record = records.read(ImportRecord, found.facts)
            return folder.read(FORMS[record.kept], made_by="import"), record
        except (records.RecordError, KeyError):
            pass
    archive, record = _read(file, source.name, visible(shown(path)), how, keras)
    _publish(source, archive, record, made_from)
    return archive, record


def imported_from(path: Path, project: Project) -> str | None:
    """The name of the model of this project that was imported from this file, if there is one."""
    for name in project.own_names():
        source = project.model(name)
        try:
            spec = source.load()
        except PipelineError:
            continue
        if isinstance(spec, ImportedSpec) and (source.path.parent / spec.file).resolve() == path.resolve():
            return name
    return None


def _read(file: ModelFile, name: str, where: str, how: _How, keras: KerasProcess) -> tuple[bytes, ImportRecord]:
    if file.form == "int8":
        model = load_quantized(file.files[""], name, graph=file.graph)
        inputs, outputs = (
            [TensorRecord(port.name, port.shape) for port in ports] for ports in (model.inputs, model.outputs)
        )
        return file.files[""], ImportRecord(where, "int8", "int8", file.sha256, tuple(inputs), tuple(outputs))
    need_extra("train", "import")
    with progress.working(f"{name}: reading {where} (Keras takes some seconds to start)"):
        archive, facts = keras.import_network(file.form, file.files, where, trust=how.trust, unroll=how.unroll)
    kept = "float" if file.form == "float" else "keras" if archive.startswith(b"PK") else "graph"
    inputs, outputs = (
        [TensorRecord(one["name"], tuple(one["shape"])) for one in facts[key]] for key in ("inputs", "outputs")
    )
    return archive, ImportRecord(where, file.form, kept, file.sha256, tuple(inputs), tuple(outputs))


def _ranges_of_int8(archive: bytes, name: str, ports: Sequence[str], given: Sequence[InputRange]) -> list[InputRange]:
    """An int8 model has its ranges; the user may name the inputs."""
    if any(one.low is not None for one in given):
        raise UsageError("the ranges of an int8 .tflite are fixed; give --inputs names alone, or leave it out.")
    model = load_quantized(archive, name)
    found = [InputRange(port.name, port.low, port.high) for port in model.inputs]
    if not given:
        return found
    try:
        by_port = domains_by_port(given, [port.shape for port in model.inputs])
    except SpecError as error:
        raise UsageError(f"--inputs: {error}") from None
    return [
        InputRange(one.name, port.low, port.high) for port, group in zip(found, by_port, strict=True) for one in group
    ]


def _made_from(file: ModelFile, how: _How) -> str:
    code = provenance.code_digest(__name__)
    return provenance.digest(file.sha256, file.form, how.trust, how.unroll, code, provenance.environment())


def _publish(source: ModelSource, archive: bytes, record: ImportRecord, made_from: str) -> None:
    stages = {"import": (made_from, {FORMS[record.kept]: archive}, records.to_json(record))}
    tell_edited(source.folder, source.folder.publish(stages, provenance.environment()))


def _name_of(path: Path) -> str:
    stem = path.parent.name if path.name == "saved_model.pb" else path.stem if path.suffix else path.name
    name = re.sub(r"[^a-z0-9]+", "_", (stem or path.resolve().name).lower()).strip("_")
    return name if name[:1].isalpha() else f"model_{name}".rstrip("_")
