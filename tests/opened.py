"""A project in a folder of the test, and models opened in it, as the command line opens them."""

from __future__ import annotations

from pathlib import Path

from tinyml_pipeline.artifacts import ModelFolder
from tinyml_pipeline.project import Project
from tinyml_pipeline.quantization.quantized_model import QuantizedModel
from tinyml_pipeline.workflow.opened import OpenModel, open_model


def project(artifacts: Path) -> Project:
    """Only the examples, with their artifacts in that folder."""
    return Project(artifacts.parent, (), artifacts)


def open_in(artifacts: Path, name: Path | str) -> OpenModel:
    return open_model(str(name), project(artifacts))


def opened(model: QuantizedModel) -> OpenModel:
    """A model that lies in no folder."""
    return OpenModel(None, model, ModelFolder(Path("/nowhere"), model.name))
