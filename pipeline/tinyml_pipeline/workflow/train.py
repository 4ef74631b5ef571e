"""`tinyml train`: spec to trained network."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tinyml_pipeline import provenance
from tinyml_pipeline.errors import PipelineError
from tinyml_pipeline.extras import need_extra
from tinyml_pipeline.models.catalog import source_files
from tinyml_pipeline.models.spec import ImportedSpec
from tinyml_pipeline.project import ModelSource, Project
from tinyml_pipeline.show.report import progress
from tinyml_pipeline.training.overrides import Overrides, override
from tinyml_pipeline.workflow import records
from tinyml_pipeline.workflow.outcomes import Outcomes, Result, chosen, each, tell_edited
from tinyml_pipeline.workflow.trained import DATA_FILES


@dataclass(frozen=True)
class Answer:
    """What a trained network answers to one of its spec's questions, in real numbers."""

    inputs: tuple[float, ...]
    expected: tuple[float, ...]
    got: tuple[float, ...]


@dataclass(frozen=True)
class TrainRecord:
    """One training. `metrics` are those of the last epoch; `overrides` is what was not as the spec says."""

    seed: int
    epochs: int
    updates: int
    parameters: int
    method: str
    overrides: Mapping[str, Any]
    metrics: Mapping[str, float]
    answers: tuple[Answer, ...]
    reason: str
    """Why the answers of a model that is taught wrong on purpose are wrong; else empty."""


@dataclass(frozen=True)
class Training(Result):
    """A trained model. `seconds` is None if it was up to date."""

    trained: TrainRecord
    seconds: float | None

    @property
    def up_to_date(self) -> bool:
        return self.seconds is None

    def facts(self) -> dict[str, Any]:
        facts = records.to_json(self.trained)
        return {"train": facts if self.seconds is None else {**facts, "seconds": self.seconds}}


def train(
    names: Sequence[str],
    project: Project,
    *,
    overrides: Overrides | None = None,
    plot: bool = False,
    force: bool = False,
) -> Outcomes[Training]:
    """Train models; all of them in this one process, so that TensorFlow starts once.

    `overrides` change the specs' training for this time, and `plot` draws the learning rate too; both stand in the
    manifest, and the next training without them trains by the spec again.
    """
    need_extra("train", "training")
    changes = overrides or Overrides()
    changes.check_names()
    wanted = chosen(names, project)
    if not names:  # all that are trained here: an imported one has nothing to train
        wanted = [name for name in wanted if not _is_imported(project.model(name))]
    return each(wanted, lambda name: _train_one(project.model(name), changes, plot, force))


def _is_imported(source: ModelSource) -> bool:
    try:
        return isinstance(source.load(), ImportedSpec)
    except PipelineError:  # training it says what is wrong with its spec
        return False


def _train_one(source: ModelSource, overrides: Overrides, plot: bool, force: bool) -> Training:
    name, folder = source.name, source.folder
    environment = provenance.environment()
    code = provenance.code_digest(__name__, DATA_FILES, files=source_files(source.path))
    changes = {**overrides.changes, **({"plot": True} if plot else {})}
    with folder.locked():
        spec = source.load_trained_here()
        data = provenance.file_digests(spec.files)
        made_from = provenance.digest(code, environment, changes, data, os.environ.get("TF_ENABLE_ONEDNN_OPTS", "0"))
        record = folder.record("train")
        if record is not None and not force and folder.is_current("train", made_from):
            with contextlib.suppress(records.RecordError):
                return Training(name, str(folder.path), records.read(TrainRecord, record.facts), None)
        from tinyml_pipeline.training.train import train as train_model

        spec = override(spec, overrides)
        progress.say_keras_starts(name)
        with progress.epochs(name, spec.epochs) as report:
            trained = train_model(spec, report)
        from tinyml_pipeline.show.report import plots  # Matplotlib takes a second, which nobody should wait in silence

        if trained.fallback_reason:
            progress.say(f"{name}: trained by Model.fit, which is slower, because {trained.fallback_reason}.")
        columns = trained.history.columns
        files = {
            "model.keras": trained.keras_archive,
            "history.csv": trained.history.to_csv().encode(),
        }
        if columns:
            files["loss.png"] = plots.draw_loss(name, spec.loss, columns)
        if plot and trained.updates:
            from tinyml_pipeline.training.schedules import learning_rates

            files["learning_rate.png"] = plots.draw_learning_rate(name, *learning_rates(spec))
        questions = (*spec.checks, *spec.fails_on)
        told = TrainRecord(
            seed=spec.seed,
            epochs=len(trained.history),
            updates=trained.updates,
            parameters=trained.parameters,
            method=trained.method,
            overrides=overrides.changes,
            metrics={column: values[-1] for column, values in columns.items() if column != "epoch"},
            answers=tuple(
                Answer(*(tuple(map(float, values)) for values in (inputs, expected, got)))
                for (inputs, expected), got in zip(questions, trained.answers, strict=True)
            ),
            reason=spec.reason,
        )
        stages = {"train": (made_from, files, records.to_json(told))}
        tell_edited(folder, folder.publish(stages, environment))
    return Training(name, str(folder.path), told, trained.seconds)
