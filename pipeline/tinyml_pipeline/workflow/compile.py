"""`tinyml compile`: int8 model to plain C that needs no interpreter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tinyml_pipeline import provenance
from tinyml_pipeline.artifacts import ModelFolder
from tinyml_pipeline.boards.board import Board
from tinyml_pipeline.boards.catalog import load_board
from tinyml_pipeline.compiler.explain import Explanation
from tinyml_pipeline.compiler.select import UNLIMITED, Budget
from tinyml_pipeline.errors import UnsupportedError, UsageError
from tinyml_pipeline.project import Project
from tinyml_pipeline.workflow.generate import encoded
from tinyml_pipeline.workflow.memory_use import MemoryUse, memory_use
from tinyml_pipeline.workflow.opened import open_model, refuse_other_model
from tinyml_pipeline.workflow.outcomes import Outcomes, Result, chosen, each, tell_edited
from tinyml_pipeline.workflow.plain_c import Optimize, explain_for, program_for, refuse_beyond, target_of

PORTABLE = "portable"


@dataclass(frozen=True)
class CompiledFor:
    """Plain C for one board, or 'portable': its files and their folder; `layers` and `memory` are None unless asked
    for."""

    board: str
    optimize: str
    files: int
    folder: str
    layers: tuple[Explanation, ...] | None = None
    memory: MemoryUse | None = None

    def record(self) -> dict[str, Any]:
        """What the manifest keeps."""
        return {"optimize": self.optimize, "files": self.files, "folder": self.folder}


@dataclass(frozen=True)
class Compilation(Result):
    """A model's plain C for each board that was named."""

    targets: tuple[CompiledFor, ...]

    def facts(self) -> dict[str, Any]:
        return {target.board: {**target.record(), **_explained(target)} for target in self.targets}


def _explained(target: CompiledFor) -> dict[str, Any]:
    found = {} if target.layers is None else {"layers": [asdict(layer) for layer in target.layers]}
    return found if target.memory is None else {**found, "memory": asdict(target.memory)}


def compile_models(
    names: Sequence[str],
    project: Project,
    *,
    boards: Sequence[str] = (),
    optimize: Optimize | None = None,
    output: Path | None = None,
    explain: bool = False,
    limits: Budget = UNLIMITED,
) -> Outcomes[Compilation]:
    """Plain C of each model for each board, portable C99 where none is named; one board at most with `output`.

    The kernels are chosen so that the model takes no more than the board has, and no more than `limits`.
    """
    if output is not None and (len(names) != 1 or len(boards) > 1):
        raise UsageError("--output takes exactly one model and at most one board.")
    targets: dict[str, Board | None] = {name: load_board(name) for name in boards}
    if not targets:
        targets[PORTABLE] = None
    return each(
        chosen(names, project, files=True),
        lambda name: _compile_one(name, project, targets, optimize, output, explain, limits),
    )


def _compile_one(
    name: str,
    project: Project,
    targets: dict[str, Board | None],
    optimize: Optimize | None,
    output: Path | None,
    explain: bool,
    limits: Budget,
) -> Compilation:
    opened = open_model(name, project, try_in_tflm=False)
    model, folder = opened.model, opened.folder
    if output is not None:
        folder = ModelFolder(output.parent, output.name)
    else:
        refuse_other_model(opened, "copy it to another name, or give a folder with --output")
    stages = {}
    written = []
    for board_name, board in targets.items():
        try:
            tree = opened.compiled(board, optimize, limits)
            if limits != UNLIMITED:
                refuse_beyond(program_for(model, board, optimize, limits), limits)
        except UnsupportedError as error:
            raise error.of(model.name) from error
        place = folder.path if output is not None else folder.path / "c" / board_name
        files = encoded(tree if output is not None else tree.under(f"c/{board_name}"))
        aim = target_of(board, optimize).optimize
        layers = explain_for(model, board, optimize, limits) if explain else None
        memory = memory_use(opened, board, optimize, limits) if explain else None
        written.append(CompiledFor(board_name, aim, len(files), str(place), layers, memory))
        stages[f"compile {board_name}"] = (provenance.digest(model.sha256, aim), files, written[-1].record())
    with folder.locked():
        tell_edited(folder, folder.publish(stages, provenance.environment()))
    return Compilation(model.name, str(folder.path), tuple(written))
