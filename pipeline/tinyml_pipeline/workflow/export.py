"""`tinyml export`: a trained network in a form that other programs load, loaded again as proof."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyml_pipeline import provenance
from tinyml_pipeline.artifacts import ModelFolder
from tinyml_pipeline.errors import UsageError
from tinyml_pipeline.extras import need_extra
from tinyml_pipeline.models.spec import ModelSpec, Spec
from tinyml_pipeline.project import ModelSource, Project
from tinyml_pipeline.quantization.convert import KerasProcess
from tinyml_pipeline.quantization.representative import representative_of_inputs
from tinyml_pipeline.show.report import progress
from tinyml_pipeline.workflow import records
from tinyml_pipeline.workflow.outcomes import Outcomes, Result, chosen, each, tell_edited
from tinyml_pipeline.workflow.samples import inputs_of
from tinyml_pipeline.workflow.trained import import_record, trained_archive, trained_sha256


@dataclass(frozen=True)
class ExportRecord:
    """A trained network as another program's file, which answered so many inputs as the original does."""

    format: str
    bytes: int
    equal_predictions: int
    path: str


@dataclass(frozen=True)
class Export(Result):
    """A trained network that was written and loaded again."""

    exported: ExportRecord

    def facts(self) -> dict[str, Any]:
        return {"export": records.to_json(self.exported)}


FloatArray = npt.NDArray[np.float32]
FORMATS = ("h5", "keras", "savedmodel")
_QUESTIONS = 256


def export(names: Sequence[str], project: Project, *, form: str) -> Outcomes[Export]:
    """Write each trained model to its folder `export/`; no name means all."""
    if form not in FORMATS:
        raise UsageError(f"there is no format '{form}'; choose one of: {', '.join(FORMATS)}.")
    need_extra("train", "export")
    with KerasProcess() as keras:
        return each(chosen(names, project), lambda name: _export_one(project.model(name), keras, form))


def _export_one(source: ModelSource, keras: KerasProcess, form: str) -> Export:
    name, folder = source.name, source.folder
    with folder.locked():
        spec = source.load()
        archive = trained_archive(folder, spec)
        if not archive.startswith(b"PK"):
            raise UsageError(
                f"{name} was imported from {import_record(folder).file}, and what is kept of it is not a Keras model:"
                " there is nothing to export."
            )
        questions = _questions(spec, folder, archive)
        with progress.working(f"{name}: writing and loading it again as {form}"):
            exported = keras.export(archive, form, questions, name)
        place = f"export/{name}" if form == "savedmodel" else f"export/{name}.{form}"
        files = {f"{place}/{path}" if path else place: data for path, data in exported.items()}
        record = ExportRecord(form, sum(map(len, files.values())), len(questions[0]), str(folder.path / place))
        made_from = provenance.digest(trained_sha256(folder, spec), form)
        stages = {f"export {form}": (made_from, files, records.to_json(record))}
        tell_edited(folder, folder.publish(stages, provenance.environment()))
    return Export(name, str(folder.path), record)


def _questions(spec: Spec, folder: ModelFolder, archive: bytes) -> list[FloatArray]:
    """What the network is asked before and after: its training data, or inputs from its domain; one array an input."""
    if isinstance(spec, ModelSpec):
        return [array[:_QUESTIONS] for array in inputs_of(spec.load_data(), archive)]
    shapes = [one.shape for one in import_record(folder).inputs]
    return [array[:_QUESTIONS] for array in representative_of_inputs(spec.inputs, shapes, seed=spec.seed)]
