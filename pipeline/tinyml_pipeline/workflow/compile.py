"""`tinyml compile`: int8 model to plain C that needs no interpreter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tinyml_pipeline import provenance
from tinyml_pipeline.artifacts import ModelFolder
from tinyml_pipeline.boards.board import Board
from tinyml_pipeline.boards.catalog import load_board
from tinyml_pipeline.errors import UnsupportedError, UsageError
from tinyml_pipeline.project import Project
from tinyml_pipeline.workflow.generate import encoded
from tinyml_pipeline.workflow.opened import open_model
from tinyml_pipeline.workflow.outcomes import Outcomes, Result, chosen, each, tell_edited
from tinyml_pipeline.workflow.plain_c import Optimize, explain_for, target_of

PORTABLE = "portable"


def compile_models(
    names: Sequence[str],
    project: Project,
    *,
    boards: Sequence[str] = (),
    optimize: Optimize | None = None,
    output: Path | None = None,
    explain: bool = False,
) -> Outcomes[Result]:
    """Plain C of each model for each board, portable C99 where none is named; one board at most with `output`."""
    if output is not None and (len(names) != 1 or len(boards) > 1):
        raise UsageError("--output takes exactly one model and at most one board.")
    targets: dict[str, Board | None] = {name: load_board(name) for name in boards}
    if not targets:
        targets[PORTABLE] = None
    return each(
        chosen(names, project, files=True), lambda name: _compile_one(name, project, targets, optimize, output, explain)
    )


def _compile_one(
    name: str,
    project: Project,
    targets: dict[str, Board | None],
    optimize: Optimize | None,
    output: Path | None,
    explain: bool,
) -> Result:
    opened = open_model(name, project, try_in_tflm=False)
    model, folder = opened.model, opened.folder
    if output is not None:
        folder = ModelFolder(output.parent, output.name)
    stages = {}
    facts = {}
    explanations: dict[str, Mapping[str, Any]] = {}
    for board_name, board in targets.items():
        try:
            tree = opened.compiled(board, optimize)
        except UnsupportedError as error:
            raise UnsupportedError(
                f"{model.name}: {error}",
                operator=error.operator,
                index=error.index,
                found=error.found,
                supported=error.supported,
            ) from error
        place = folder.path if output is not None else folder.path / "c" / board_name
        files = encoded(tree if output is not None else tree.under(f"c/{board_name}"))
        aim = target_of(board, optimize).optimize
        facts[board_name] = {"optimize": aim, "files": len(files), "folder": str(place)}
        if explain:
            layers = [asdict(layer) for layer in explain_for(model, board, optimize)]
            explanations[board_name] = {**facts[board_name], "layers": layers}
        stages[f"compile {board_name}"] = (provenance.digest(model.sha256, aim), files, facts[board_name])
    with folder.locked():
        tell_edited(folder, folder.publish(stages, provenance.environment()))
    return Result(model.name, str(folder.path), {**facts, **explanations})
