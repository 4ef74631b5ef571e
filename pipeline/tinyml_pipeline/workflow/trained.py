"""The network that an int8 model is made of, wherever it was trained: as it lies in the model's folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tinyml_pipeline.artifacts import ModelFolder
from tinyml_pipeline.errors import ArtifactsError
from tinyml_pipeline.models.spec import ImportedSpec, Spec
from tinyml_pipeline.workflow import records

DATA_FILES = "tinyml_pipeline.data.data_file"
"""What specs use to read their data; no module of the workflow imports it."""

FORMS: Mapping[str, str] = {
    "keras": "imported.keras",
    "graph": "imported.pb",
    "float": "imported.tflite",
    "int8": "imported.tflite",
}
"""The file of an imported network, by its form."""


@dataclass(frozen=True)
class TensorRecord:
    """An input or output of a network; `shape` is that of one sample."""

    name: str
    shape: tuple[int, ...]


@dataclass(frozen=True)
class ImportRecord:
    """A network from elsewhere: the file, its form and the SHA-256 of what was read, and its inputs and outputs.

    `kept` is the form in which it lies in the model's folder: keras, graph, float or int8.
    """

    file: str
    form: str
    kept: str
    sha256: str
    inputs: tuple[TensorRecord, ...]
    outputs: tuple[TensorRecord, ...]


def import_record(folder: ModelFolder) -> ImportRecord:
    """Raises ArtifactsError if nothing was imported into the folder."""
    found = folder.record("import")
    try:
        return records.read(ImportRecord, None if found is None else found.facts)
    except records.RecordError:
        raise ArtifactsError(f"{folder.path} has no imported network. Run: tinyml convert {folder.argument}") from None


def trained_archive(folder: ModelFolder, spec: Spec) -> bytes:
    """ArtifactsError says which command makes it, if it is not there or was damaged."""
    stage = stage_of(spec)
    record = folder.record(stage)
    usual = "model.keras" if stage == "train" else FORMS["keras"]
    name = usual if record is None or stage == "train" else next(iter(record.files), usual)
    return folder.read(name, made_by=stage)


def trained_sha256(folder: ModelFolder, spec: Spec) -> str:
    """Of the network's file; '' if there is none."""
    record = folder.record(stage_of(spec))
    return "" if record is None else _sha256(record.files)


def trained_sha256s(folder: ModelFolder) -> list[str]:
    """Of every network in the folder: a model may have been trained here once and imported later."""
    records = [folder.record(stage) for stage in ("train", "import")]
    return [_sha256(record.files) for record in records if record is not None]


def stage_of(spec: Spec) -> str:
    return "import" if isinstance(spec, ImportedSpec) else "train"


def _sha256(files: object) -> str:
    assert isinstance(files, dict)
    return next((digest for name, digest in files.items() if name == "model.keras" or name in FORMS.values()), "")
