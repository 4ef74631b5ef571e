"""`tinyml export`: a trained network in a form that other programs load, loaded again as proof."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tinyml_pipeline import provenance
from tinyml_pipeline.errors import UsageError
from tinyml_pipeline.extras import need_extra
from tinyml_pipeline.project import ModelSource, Project
from tinyml_pipeline.quantization.convert import KerasProcess
from tinyml_pipeline.show.report import progress
from tinyml_pipeline.workflow.outcomes import Outcomes, Result, chosen, each, tell_edited

FORMATS = ("h5", "keras", "savedmodel")
_QUESTIONS = 256


def export(names: Sequence[str], project: Project, *, form: str) -> Outcomes[Result]:
    """Write each trained model to its folder `export/`; no name means all."""
    if form not in FORMATS:
        raise UsageError(f"there is no format '{form}'; choose one of: {', '.join(FORMATS)}.")
    need_extra("train", "export")
    with KerasProcess() as keras:
        return each(chosen(names, project), lambda name: _export_one(project.model(name), keras, form))


def _export_one(source: ModelSource, keras: KerasProcess, form: str) -> Result:
    name, folder = source.name, source.folder
    with folder.locked():
        archive = folder.read("model.keras", made_by="train")
        trained = folder.record("train")
        assert trained is not None, "read() has found it"
        spec = source.load()
        questions = spec.load_data().inputs[:_QUESTIONS]
        with progress.working(f"{name}: writing and loading it again as {form}"):
            exported = keras.export(archive, form, questions, name)
        place = f"export/{name}" if form == "savedmodel" else f"export/{name}.{form}"
        files = {f"{place}/{path}" if path else place: data for path, data in exported.items()}
        facts: dict[str, Any] = {
            "format": form,
            "bytes": sum(map(len, files.values())),
            "equal_predictions": len(questions),
            "path": str(folder.path / place),
        }
        made_from = provenance.digest(trained.files["model.keras"], form)
        tell_edited(folder, folder.publish({f"export {form}": (made_from, files, facts)}, provenance.environment()))
    return Result(name, str(folder.path), {"export": facts})
