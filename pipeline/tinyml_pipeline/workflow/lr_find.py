"""`tinyml lr-find`: the learning rate just below the turn, drawn, and trained with where that is wanted."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tinyml_pipeline import provenance
from tinyml_pipeline.extras import need_extra
from tinyml_pipeline.project import Project
from tinyml_pipeline.show.report import progress
from tinyml_pipeline.training.overrides import Overrides, override
from tinyml_pipeline.workflow.outcomes import Outcomes, tell_edited
from tinyml_pipeline.workflow.train import Training, train

PICTURE = "lr_find.png"


@dataclass(frozen=True)
class FoundRate:
    """`turn` is the rate at which the loss is least, `found` the one to train with, `next_step` the command for it."""

    model: str
    asked: str
    found: float
    turn: float
    picture: str
    next_step: str


def find(name: str, project: Project, overrides: Overrides) -> FoundRate:
    """Run the range test, from the spec with these changes, and draw it into the model's folder."""
    need_extra("train", "lr-find")
    overrides.check_names()
    source = project.model(name)
    spec, folder = override(source.load_trained_here(), overrides), source.folder
    with folder.locked():
        from tinyml_pipeline.training.lr_find import find_learning_rate

        progress.say_keras_starts(source.name)
        with progress.working(f"{source.name}: training with a growing rate"):
            test = find_learning_rate(spec)
        from tinyml_pipeline.show.report import plots  # Matplotlib takes a second, which nobody should wait in silence

        picture = plots.draw_range_test(source.name, test.rates, test.losses, test.turn, test.found)
        facts = {"found": test.found, "turn": test.turn, "overrides": overrides.changes}
        made_from = provenance.digest(facts)
        environment = provenance.environment()
        tell_edited(folder, folder.publish({"lr-find": (made_from, {PICTURE: picture}, facts)}, environment))
    options = "".join(f" --{key.replace('_', '-')} {value}" for key, value in overrides.changes.items())
    next_step = f"tinyml train {folder.argument}{options} --learning-rate {test.found:g}"
    return FoundRate(source.name, folder.asked, test.found, test.turn, str(folder.path / PICTURE), next_step)


def apply(found: FoundRate, project: Project, overrides: Overrides) -> Outcomes[Training]:
    """Train with the rate that was found; the schedule stays the model's own."""
    return train([found.asked], project, overrides=replace(overrides, learning_rate=found.found))
