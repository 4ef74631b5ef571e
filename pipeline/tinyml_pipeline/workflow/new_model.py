"""`tinyml new`: looks at a file of measurements, and writes the spec of a small network for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, get_args

import numpy as np

from tinyml_pipeline.boards.board import Board
from tinyml_pipeline.boards.catalog import load_board
from tinyml_pipeline.data.data_file import MISSING, DataFile, Missing, label_counts, section_rows
from tinyml_pipeline.data.look import ColumnFacts, look_at, usable
from tinyml_pipeline.data.reading import Table, read_table
from tinyml_pipeline.errors import UsageError, visible
from tinyml_pipeline.models.spec import Dataset
from tinyml_pipeline.names import hint
from tinyml_pipeline.project import Project
from tinyml_pipeline.user_code import shown
from tinyml_pipeline.wording import argument
from tinyml_pipeline.workflow.new_model_text import spec_text
from tinyml_pipeline.workflow.proposal import Proposal, propose
from tinyml_pipeline.workflow.spec_file import path_from, spec_place
from tinyml_pipeline.workflow.whole_file import write_whole

Task = Literal["regression", "classification"]
_LEAST_ROWS = 20
_MOST_NUMBER_CLASSES = 10
_MOST_CLASSES = 100
_IMBALANCE = 3


@dataclass(frozen=True)
class Wanted:
    """What the user said of the data; empty or None stands for what the data say."""

    targets: tuple[str, ...]
    columns: tuple[str, ...] = ()
    task: str | None = None
    group: str = ""
    window: int = 0
    stride: int = 0
    missing: str = "drop"
    board: str | None = None
    seed: int = 0


@dataclass(frozen=True)
class NewModel:
    """The spec that was written, and what was seen in the data. `samples` are those of the three parts."""

    model: str
    spec: str
    file: str
    rows: int
    columns: tuple[ColumnFacts, ...]
    roles: Mapping[str, str]
    task: Task
    classes: Mapping[str, int]
    samples: tuple[int, int, int]
    unit: str
    network: str
    parameters: int
    remarks: tuple[str, ...]


def new_model(name: str, file: Path, project: Project, wanted: Wanted, *, force: bool = False) -> NewModel:
    """Write models/NAME.py. Raises UsageError, and writes nothing, for data that no network can learn from."""
    place = spec_place(name, project, f"tinyml train {name}; or choose another name", force)
    board = None if wanted.board is None else load_board(wanted.board)
    _check(wanted)
    table = read_table(file)
    if table.rows < _LEAST_ROWS:
        raise UsageError(
            f"{table.where} has {table.rows} row{'' if table.rows == 1 else 's'}; at least {_LEAST_ROWS} are needed to"
            " train and to judge a network."
        )
    for column in (*wanted.targets, *wanted.columns, *((wanted.group,) if wanted.group else ())):
        if column not in table.columns:
            known = [visible(one) for one in table.columns]
            header = "" if table.is_named else " and no header row"
            raise UsageError(f"{table.where} has no column '{visible(column)}'{header}. {hint(visible(column), known)}")
    facts = look_at(table, wanted.group, wanted.targets[0])
    task = _task(table, facts, wanted)
    classes = label_counts(table.columns[wanted.targets[0]].labels()) if task == "classification" else {}
    _check_classes(classes, task, table, wanted)
    inputs = _inputs(facts, table, wanted)
    missing: Missing = "median" if wanted.missing == "median" else "drop"
    data = DataFile(
        path=file,
        inputs=tuple(one.name for one in inputs),
        targets=wanted.targets,
        classes=tuple(classes),
        group=wanted.group,
        window=wanted.window,
        stride=wanted.stride or max(1, wanted.window // 2),
        missing=missing,
        valid={one.name: _widened(one.valid) for one in inputs if one.valid is not None},
    )
    parts = data.parts(np.random.default_rng(wanted.seed))
    proposal = propose(data, parts, board)
    stated = replace(data, path=Path(path_from(place, file)))
    write_whole(place, spec_text(name, stated, parts, proposal, wanted.seed))
    return NewModel(
        name,
        shown(place),
        table.where,
        table.rows,
        tuple(facts),
        _roles(facts, data),
        task,
        classes,
        (len(parts[0].inputs), len(parts[1].inputs), len(parts[2].inputs)),
        "window" if data.window else "row",
        proposal.words,
        proposal.parameters,
        tuple(_remarks(facts, classes, data, parts, table, proposal, board)),
    )


def _check(wanted: Wanted) -> None:
    if not wanted.targets:
        raise UsageError("new needs --target COLUMN, the column that the network shall answer.")
    if wanted.task not in (None, *get_args(Task)):
        raise UsageError(f"--task is regression or classification, not '{visible(str(wanted.task))}'.")
    if wanted.missing not in MISSING:
        raise UsageError(f"--missing is drop or median, not '{visible(wanted.missing)}'.")
    if wanted.window < 0 or wanted.stride < 0 or wanted.window == 1:
        raise UsageError("--window and --stride are numbers of rows: a window has at least 2, a stride at least 1.")
    if wanted.stride and not wanted.window:
        raise UsageError("--stride is the distance between windows; give --window too.")
    if len(set(wanted.targets)) < len(wanted.targets):
        raise UsageError("--target names a column twice.")
    if wanted.group in (*wanted.targets, *wanted.columns):
        raise UsageError(f"column '{visible(wanted.group)}' is the --group; it cannot be a target or an input as well.")


def _task(table: Table, facts: Sequence[ColumnFacts], wanted: Wanted) -> Task:
    """What was asked for; otherwise text and few whole numbers are classes."""
    found = {one.name: one for one in facts}
    for name in wanted.targets:
        target = found[name]
        if target.kind == "empty":
            raise UsageError(f"{table.where}: column '{visible(name)}' has no values; choose another --target.")
        if target.distinct == 1:
            raise UsageError(
                f"{table.where}: column '{visible(name)}' has the same value in every row; there is nothing to learn."
            )
        if wanted.task != "classification":
            _check_numbers(table, target)
    is_text = [found[name].kind in ("text", "date") for name in wanted.targets]
    if len(wanted.targets) > 1 or wanted.task == "regression":
        if wanted.task == "classification" or any(is_text):
            name = wanted.targets[is_text.index(True)] if any(is_text) else wanted.targets[0]
            why = "text, which are classes" if any(is_text) else "to be one of several targets"
            raise UsageError(
                f"{table.where}: column '{visible(name)}' holds {why}; a network has one target of classes, or targets"
                " of numbers."
            )
        return "regression"
    target = found[wanted.targets[0]]
    numbers = table.columns[target.name].numbers
    is_whole = bool(np.all(np.mod(numbers[~np.isnan(numbers)], 1) == 0))
    few = target.distinct <= min(_MOST_NUMBER_CLASSES, table.rows / 5)
    is_classes = wanted.task == "classification" or is_text[0] or (is_whole and few)
    return "classification" if is_classes else "regression"


def _check_numbers(table: Table, target: ColumnFacts) -> None:
    """Text that is to be numbers would be a class for every value."""
    column = f"{table.where}: column '{visible(target.name)}' holds"
    if target.kind == "date":
        raise UsageError(f"{column} dates, which a network cannot answer; choose another --target.")
    if target.nearly == "comma" or (target.nearly and target.distinct > _MOST_NUMBER_CLASSES):
        raise UsageError(f"{column} {_nearly_words(target)}.")


def _nearly_words(one: ColumnFacts) -> str:
    """'numbers with units, such as '17.2 C': write ...'."""
    if one.nearly == "comma":
        repair = "put semicolons between the values of the file, or write points for these commas"
        return f"numbers with decimal commas, such as '{visible(one.odd)}'; {repair}"
    return f"numbers with units, such as '{visible(one.odd)}'; leave only the numbers"


def _check_classes(classes: Mapping[str, int], task: Task, table: Table, wanted: Wanted) -> None:
    if task == "classification" and len(classes) > _MOST_CLASSES:
        hint_at = "; for numbers: --task regression" if wanted.task else ""
        raise UsageError(
            f"{table.where}: column '{visible(wanted.targets[0])}' has {len(classes):,} different values; supported:"
            f" {_MOST_CLASSES} classes{hint_at}."
        )


def _inputs(facts: Sequence[ColumnFacts], table: Table, wanted: Wanted) -> list[ColumnFacts]:
    if wanted.columns:
        found = {one.name: one for one in facts}
        for name in wanted.columns:
            if name in wanted.targets:
                raise UsageError(f"column '{visible(name)}' is the --target; it cannot be an input as well.")
            if found[name].kind in ("text", "date", "empty", "constant"):
                raise UsageError(f"{table.where}: column '{visible(name)}' {_WHY_NOT[found[name].kind]}.")
        return [found[name] for name in wanted.columns]
    inputs = usable(facts, (*wanted.targets, wanted.group))
    if not inputs:
        others = [
            f"'{visible(one.name)}' {_WHY_NOT[one.kind]}"
            for one in facts
            if one.kind != "number" and one.name not in (*wanted.targets, wanted.group)
        ]
        raise UsageError(f"{table.where} has no column that can be an input: {', '.join(others[:8]) or 'no other'}.")
    return inputs


_WHY_NOT = {
    "text": "holds text, not numbers",
    "date": "holds dates, not numbers",
    "empty": "has no values",
    "constant": "has the same value in every row",
    "order": "only counts the rows",
    "time": "tells the time",
    "recording": "numbers the recordings",
}


def _widened(valid: tuple[float, float]) -> tuple[float, float]:
    """Room for true readings that are not in the file."""
    low, high = valid
    room = (high - low) / 4
    return float(f"{low - room:.3g}"), float(f"{high + room:.3g}")


def _roles(facts: Sequence[ColumnFacts], data: DataFile) -> dict[str, str]:
    roles = {}
    for one in facts:
        if one.name in data.inputs:
            roles[one.name] = "input"
        elif one.name in data.targets:
            roles[one.name] = "target"
        elif one.name == data.group:
            roles[one.name] = "group"
        else:
            roles[one.name] = f"not used: {_WHY_NOT.get(one.kind, 'not named by --columns')}"
    return roles


def _remarks(
    facts: Sequence[ColumnFacts],
    classes: Mapping[str, int],
    data: DataFile,
    parts: Sequence[Dataset],
    table: Table,
    proposal: Proposal,
    board: Board | None,
) -> list[str]:
    """One sentence each on what the user should know before training."""
    said = []
    if not table.is_named:
        said.append("the file has no header row: its columns are called column_1, column_2 and so on.")
    if data.window and not data.group:
        length = section_rows(table, data.window)
        said.append(
            f"the file counts as one recording, cut into {table.rows // length} sections of {length:,} rows, each of"
            " which trains, stops the training or judges; for several recordings: --group COLUMN"
        )
    has_commas = any(column.has_commas for column in table.columns.values())
    for one in facts:
        is_used = one.name in (*data.inputs, *data.targets)
        if one.kind == "recording" and not is_used:
            said.append(
                f"{one.name}: looks like the number of a recording; for windows over time:"
                f" --group {argument(visible(one.name))} --window N"
            )
        if one.kind == "text" and one.distinct == 2 and not is_used:
            first, second = label_counts(table.columns[one.name].labels())
            said.append(
                f"{one.name}: holds two words, '{first}' and '{second}'; written as 0 and 1 it can be an input."
            )
        if is_used and (grouped := table.columns[one.name].grouped) and has_commas:
            said.append(
                f"{one.name}: the point of '{grouped}' was read as that of decimals; if it separates thousands, remove"
                " the points of this column."
            )
        if one.nearly and not is_used:
            said.append(f"{one.name}: holds {_nearly_words(one)}.")
        if one.name in data.inputs and one.valid is not None:
            low, high = data.valid[one.name]
            codes = " and ".join(
                f"{value:g} ({count} time{'' if count == 1 else 's'})" for value, count in one.impossible
            )
            said.append(
                f"{one.name}: {codes} is far from all others, as of a sensor that is unplugged; values outside of"
                f" {low:g} to {high:g} are missing values."
            )
        if is_used and one.odd and not one.nearly:
            said.append(f"{one.name}: text such as '{one.odd}' among the numbers is a missing value.")
    lost = 0 if data.window or data.missing == "median" else table.rows - sum(len(part.inputs) for part in parts)
    if lost:
        way_out = "; --missing median keeps those in which only inputs are missing" if data.missing == "drop" else ""
        which = f"{lost:,} of {table.rows:,} rows {'has' if lost == 1 else 'have'} missing values"
        said.append(f"{which} and {'is' if lost == 1 else 'are'} dropped{way_out}.")
    if classes and max(classes.values()) > _IMBALANCE * min(classes.values()):
        most, least = max(classes, key=lambda name: classes[name]), min(classes, key=lambda name: classes[name])
        said.append(
            f"classes are uneven: {classes[most]:,} rows of '{most}', {classes[least]:,} of '{least}'; more data of the"
            " rare ones help most."
        )
    if board is not None and proposal.is_smaller:
        said.append(f"the network is smaller than usual, so that it fits {board.name}.")
    return said
