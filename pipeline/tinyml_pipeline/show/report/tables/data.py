"""What the commands around data print."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tinyml_pipeline.show.report.tables.table import print_table, tell
from tinyml_pipeline.wording import counted

if TYPE_CHECKING:
    from tinyml_pipeline.data.look import ColumnFacts
    from tinyml_pipeline.workflow.new_model import NewModel
    from tinyml_pipeline.workflow.record import Recording

_MOST_ROWS = 40
_MOST_CLASSES = 12


def new_model(made: Sequence[NewModel]) -> None:
    """What is in the file, what is made of it, and the spec that was written."""
    for one in made:
        tell(f"{one.file}: {counted(one.rows, 'row')}, {counted(len(one.columns), 'column')}")
        print_table(
            ["column", "holds", "missing", "use"],
            [[facts.name, _holds(facts), f"{facts.missing:,}", one.roles[facts.name]] for facts in _first(one)],
        )
        if len(one.columns) > _MOST_ROWS:
            tell(f"and {counted(len(one.columns) - _MOST_ROWS, 'more column')}; --json lists all.")
        for remark in one.remarks:
            tell(remark)
        tell(f"{one.task}{_classes(one)}; {one.network}, {one.parameters:,} parameters")
        training, validation, test = one.samples
        tell(f"{one.unit}s: {training:,} to train, {validation:,} to stop the training, {test:,} to judge")
        tell(f"{one.spec}: the spec; give ranges and units of your device there")
        tell(f"Go on with: tinyml train {one.model} && tinyml convert {one.model}")


def _first(one: NewModel) -> Sequence[ColumnFacts]:
    """The columns that are used come first where there are too many to show."""
    if len(one.columns) <= _MOST_ROWS:
        return one.columns
    used = [facts for facts in one.columns if not one.roles[facts.name].startswith("not")]
    return [*used, *(facts for facts in one.columns if facts not in used)][:_MOST_ROWS]


def _holds(facts: ColumnFacts) -> str:
    """'6.5 .. 43.1'."""
    if facts.kind == "empty":
        return "nothing"
    if facts.kind in ("text", "date"):
        return f"{facts.kind}, {facts.distinct:,} different"
    if facts.kind == "constant":
        return f"{facts.low:.6g}"
    return f"{facts.low:.6g} .. {facts.high:.6g}"


def _classes(one: NewModel) -> str:
    if not one.classes:
        return ""
    shown = [f"{name} ({count:,})" for name, count in list(one.classes.items())[:_MOST_CLASSES]]
    return f" of {len(one.classes)} classes: {', '.join(shown)}{' ...' if len(one.classes) > _MOST_CLASSES else ''}"


def recordings(made: Sequence[Recording]) -> None:
    for one in made:
        label = f" of '{one.label}'" if one.label else ""
        if one.rows:
            tell(f"{one.file}: recording {one.recording}{label}, {counted(one.rows, 'row')} in {one.seconds:.1f} s")
        else:
            tell(f"no row of numbers came in {one.seconds:.1f} s; {one.file} is as it was")
        if one.rubbish:
            words = "line was no row" if one.rubbish == 1 else "lines were no rows, such as"
            tell(f"{one.rubbish:,} {words}: {one.example}")
