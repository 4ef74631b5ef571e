"""`tinyml train`: spec to trained network."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from tinyml_pipeline import provenance
from tinyml_pipeline.extras import need_extra
from tinyml_pipeline.models.catalog import source_files
from tinyml_pipeline.project import ModelSource, Project
from tinyml_pipeline.show.report import progress
from tinyml_pipeline.training.overrides import Overrides, override
from tinyml_pipeline.workflow.outcomes import Outcomes, Result, chosen, each, tell_edited


def train(
    names: Sequence[str],
    project: Project,
    *,
    overrides: Overrides | None = None,
    plot: bool = False,
    force: bool = False,
) -> Outcomes[Result]:
    """Train models; all of them in this one process, so that TensorFlow starts once.

    `overrides` change the specs' training for this time, and `plot` draws the learning rate too; both stand in the
    manifest, and the next training without them trains by the spec again.
    """
    need_extra("train", "training")
    changes = overrides or Overrides()
    changes.check_names()
    return each(chosen(names, project), lambda name: _train_one(project.model(name), changes, plot, force))


def _train_one(source: ModelSource, overrides: Overrides, plot: bool, force: bool) -> Result:
    name, folder = source.name, source.folder
    environment = provenance.environment()
    code = provenance.code_digest(__name__, files=source_files(source.path))
    changes = {**overrides.changes, **({"plot": True} if plot else {})}
    made_from = provenance.digest(code, environment, changes, os.environ.get("TF_ENABLE_ONEDNN_OPTS", "0"))
    with folder.locked():
        record = folder.record("train")
        if record is not None and not force and folder.is_current("train", made_from):
            return Result(name, str(folder.path), {"train": record.facts}, up_to_date=True)
        from tinyml_pipeline.training.train import train as train_model

        spec = override(source.load(), overrides)
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
        facts: dict[str, Any] = {
            "seed": spec.seed,
            "epochs": len(trained.history),
            "updates": trained.updates,
            "parameters": trained.parameters,
            "method": trained.method,
            "overrides": overrides.changes,
            **{column: values[-1] for column, values in columns.items() if column != "epoch"},
            "answers": [
                {"inputs": list(inputs), "expected": list(expected), "got": list(got)}
                for (inputs, expected), got in zip((*spec.checks, *spec.fails_on), trained.answers, strict=True)
            ],
            "reason": spec.reason,
        }
        tell_edited(folder, folder.publish({"train": (made_from, files, facts)}, environment))
    return Result(name, str(folder.path), {"train": {**facts, "seconds": trained.seconds}})
