"""A trained model as it comes from elsewhere: a file or the folder of a SavedModel, and which of them it is."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from tinyml_pipeline.compiler.file_kinds import describe_other_file, is_tflite
from tinyml_pipeline.compiler.graph import Graph
from tinyml_pipeline.compiler.read_tflite import read_tflite
from tinyml_pipeline.errors import ConversionError, ModelFileError, UsageError, visible
from tinyml_pipeline.project import KERAS_SUFFIXES
from tinyml_pipeline.quantization.keras_zip import MOST_BYTES, read_keras_zip
from tinyml_pipeline.quantization.lint import lint
from tinyml_pipeline.quantization.refused import RefusedError
from tinyml_pipeline.user_code import shown
from tinyml_pipeline.workflow.outcomes import read_file

Form = Literal["keras", "h5", "savedmodel", "float", "int8"]
_GRAPH = "saved_model.pb"
_HDF5 = b"\x89HDF\r\n\x1a\n"
_IN_INT8 = {"INT8", "UINT8", "INT16", "INT4", "FLOAT16"}


@dataclass(frozen=True)
class ModelFile:
    """What was read; `files` has one entry '' unless it is a SavedModel. `graph` is that of an int8 .tflite."""

    path: Path
    form: Form
    files: Mapping[str, bytes] = field(repr=False)
    graph: Graph | None = field(default=None, repr=False)

    @property
    def sha256(self) -> str:
        total = hashlib.sha256()
        for name, content in sorted(self.files.items()):
            total.update(name.encode() + b"\0" + hashlib.sha256(content).digest())
        return total.hexdigest()


def is_model_file(asked: str) -> bool:
    """Whether what a command was given means a trained model's file: one that is there, or a SavedModel's folder."""
    path = Path(asked)
    if path.is_dir():
        return (path / _GRAPH).is_file()
    return path.suffix.lower() in KERAS_SUFFIXES or path.name == _GRAPH


def read_model_file(path: Path, *, trust: bool = False) -> ModelFile:
    """Raises UsageError if there is no such file, ModelFileError or ConversionError if it is none that can be imported,
    as far as that can be told without Keras."""
    if path.name == _GRAPH:
        path = path.parent
    if path.is_dir():
        return _saved_model(path)
    if not path.exists():
        raise UsageError(f"there is no file '{visible(str(path))}'.")
    if path.stat().st_size > MOST_BYTES:
        raise ModelFileError(
            f"{visible(shown(path))} has {path.stat().st_size:,} bytes; supported: {MOST_BYTES:,}, far more than a"
            " microcontroller has."
        )
    data = read_file(path)
    if is_tflite(data):
        return _tflite(path, data)
    if data.startswith(_HDF5):
        return ModelFile(path, "h5", {"": data})
    if data.startswith(b"PK") and path.suffix.lower() not in (".npz", ".zip", ".pt", ".pth"):
        try:
            read_keras_zip(data, trust=trust)
        except RefusedError as error:
            raise ConversionError(f"{visible(shown(path))}: {error}", is_explained=True) from None
        return ModelFile(path, "keras", {"": data})
    raise ModelFileError(f"{visible(shown(path))}: {_other(data)}")


def _other(data: bytes) -> str:
    return describe_other_file(data).replace(
        ", not a .tflite file.", ", not a trained model in .keras, .h5, SavedModel or .tflite form."
    )


def _saved_model(folder: Path) -> ModelFile:
    if not (folder / _GRAPH).is_file():
        raise UsageError(f"{visible(shown(folder))} is a folder without {_GRAPH}, so it is not a SavedModel.")
    paths = [folder / _GRAPH, *sorted(path for path in (folder / "variables").glob("*") if path.is_file())]
    size = sum(path.stat().st_size for path in paths)
    if size > MOST_BYTES:
        raise ModelFileError(
            f"{visible(shown(folder))} has {size:,} bytes; supported: {MOST_BYTES:,}, far more than a microcontroller"
            " has."
        )
    return ModelFile(folder, "savedmodel", {path.relative_to(folder).as_posix(): read_file(path) for path in paths})


def _tflite(path: Path, data: bytes) -> ModelFile:
    """int8 as the other commands take it, or float through and through; ModelFileError says what else it is."""
    try:
        graph = read_tflite(data)
        types = {tensor.type for tensor in graph.tensors}
        if "FLOAT32" in types and not types & _IN_INT8:
            return ModelFile(path, "float", {"": data})
        lint(graph).check()
    except ModelFileError as error:
        raise ModelFileError(f"{visible(shown(path))}: {error}") from None
    return ModelFile(path, "int8", {"": data}, graph)
