"""`tinyml compile`: int8 model to plain C that needs no interpreter."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tinyml_pipeline import provenance
from tinyml_pipeline.artifacts import ModelFolder
from tinyml_pipeline.boards.board import Board
from tinyml_pipeline.boards.catalog import load_board
from tinyml_pipeline.compiler.compile import compile_together, compile_unit
from tinyml_pipeline.compiler.emit.vectors_c import StoredVectors
from tinyml_pipeline.compiler.explain import Explanation
from tinyml_pipeline.compiler.layout import STATIC, Layout
from tinyml_pipeline.compiler.prefix import c_prefix, prefix_problem
from tinyml_pipeline.compiler.select import UNLIMITED, Budget
from tinyml_pipeline.errors import UnsupportedError, UsageError, visible
from tinyml_pipeline.parity.vectors import golden_vectors
from tinyml_pipeline.project import Project
from tinyml_pipeline.wording import counted
from tinyml_pipeline.workflow.generate import encoded
from tinyml_pipeline.workflow.memory_use import MemoryUse, memory_use
from tinyml_pipeline.workflow.opened import OpenModel, open_model, refuse_other_model
from tinyml_pipeline.workflow.outcomes import Outcomes, Result, chosen, each, is_file, tell_edited
from tinyml_pipeline.workflow.plain_c import (
    Optimize,
    budget_of,
    evaluator,
    explain_for,
    program_for,
    refuse_beyond,
    target_of,
    unit_of,
)

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


@dataclass(frozen=True)
class Wanted:
    """How models are compiled. `names` are their names in C, one a model, or none for their own.

    `vectors` is how many a test with TFLM's answers gets; 0 for no test. `output` is a folder for all of them.
    """

    optimize: Optimize | None = None
    output: Path | None = None
    explain: bool = False
    limits: Budget = UNLIMITED
    names: Sequence[str] = ()
    layout: Layout = STATIC
    vectors: int = 0


def compile_models(
    names: Sequence[str], project: Project, wanted: Wanted, *, boards: Sequence[str] = ()
) -> Outcomes[Compilation]:
    """Plain C of each model for each board, portable C99 where none is named; one board at most with an output.

    The kernels are chosen so that the model takes no more than the board has, and no more than the limits. Several
    models with an output are compiled for one firmware. Raises UsageError for names that cannot be, or clash.
    """
    if wanted.output is not None and (not names or len(boards) > 1):
        raise UsageError("--output takes one model, or several for one firmware, and at most one board.")
    targets: dict[str, Board | None] = {name: load_board(name) for name in boards}
    if not targets:
        targets[PORTABLE] = None
    asked = chosen(names, project, files=True)
    called = c_names(names or asked, wanted.names)
    if wanted.output is not None and len(asked) > 1:
        (board_name,) = targets
        return _compile_together(called, project, board_name, targets[board_name], wanted, wanted.output)
    return each(asked, lambda name: _compile_one(name, project, targets, wanted, called[name]))


def c_names(asked: Sequence[str], given: Sequence[str]) -> dict[str, str]:
    """Model -> its name in C. Raises UsageError, in one line, where two would have the same."""
    if given and len(given) != len(asked):
        counts = f"{counted(len(asked), 'model')}, {counted(len(given), 'name')}"
        raise UsageError(f"--name is given once per model, in the same order; there are {counts}.")
    for name in given:
        if (problem := prefix_problem(name)) is not None:
            raise UsageError(f"--name '{visible(name)}' cannot be a model's name in C: {problem}.")
    called: dict[str, str] = {}
    for number, name in enumerate(asked):
        prefix = given[number] if given else c_prefix(Path(name).stem if is_file(name) else name)
        for other, taken in called.items():
            if name == other or (is_file(name) and is_file(other) and Path(name).resolve() == Path(other).resolve()):
                raise UsageError(f"{visible(name)} is given twice.")
            if prefix == taken:
                raise UsageError(
                    f"{visible(other)} and {visible(name)} would both be '{prefix}' in C; give each a name: --name ONE"
                    " --name OTHER."
                )
        called[name] = prefix
    return called


def _compile_together(
    called: Mapping[str, str], project: Project, board_name: str, board: Board | None, wanted: Wanted, output: Path
) -> Outcomes[Compilation]:
    """One folder for all, in which each kernel is there once; nothing is written if one of them fails."""
    opened = {name: _open(name, project, wanted, prefix) for name, prefix in called.items()}
    target, budget = target_of(board, wanted.optimize), budget_of(board, wanted.limits)
    kept = [_vectors(one, wanted.vectors) for one in opened.values()]
    units = [
        unit_of(one.model, prefix, vectors)
        for one, prefix, vectors in zip(opened.values(), called.values(), kept, strict=True)
    ]
    tree = compile_together(units, target, budget, evaluator(), wanted.layout)
    files = encoded(tree)
    for one, prefix, vectors in zip(opened.values(), called.values(), kept, strict=True):
        files |= _archive(one, prefix, vectors)
    written = [_compiled_for(one, board_name, board, wanted, len(files), output) for one in opened.values()]
    made_from = provenance.digest([one.model.sha256 for one in opened.values()], target.optimize, repr(wanted.layout))
    facts = {**written[0].record(), "models": {prefix: opened[name].model.sha256 for name, prefix in called.items()}}
    _publish(ModelFolder(output.parent, output.name), {f"compile {board_name}": (made_from, files, facts)})
    results = [
        Compilation(one.name, str(output), (target,)) for one, target in zip(opened.values(), written, strict=True)
    ]
    return Outcomes(results, [])


def _compile_one(
    name: str, project: Project, targets: Mapping[str, Board | None], wanted: Wanted, prefix: str
) -> Compilation:
    opened = _open(name, project, wanted, prefix)
    model, folder, output = opened.model, opened.folder, wanted.output
    if output is not None:
        folder = ModelFolder(output.parent, output.name)
    else:
        refuse_other_model(opened, "give it another name with --name, or a folder with --output")
    stages = {}
    written = []
    vectors = _vectors(opened, wanted.vectors)
    for board_name, board in targets.items():
        target, budget = target_of(board, wanted.optimize), budget_of(board, wanted.limits)
        try:
            tree = compile_unit(unit_of(model, prefix, vectors), target, budget, evaluator(), wanted.layout)
            if wanted.limits != UNLIMITED:
                refuse_beyond(program_for(model, board, wanted.optimize, wanted.limits), wanted.limits)
        except UnsupportedError as error:
            raise error.of(model.name) from error
        files = {**encoded(tree), **_archive(opened, prefix, vectors)}
        place = folder.path if output is not None else folder.path / "c" / board_name
        if output is None:
            files = {f"c/{board_name}/{path}": data for path, data in files.items()}
        written.append(_compiled_for(opened, board_name, board, wanted, len(files), place))
        made_from = provenance.digest(model.sha256, target.optimize, prefix, repr(wanted.layout), wanted.vectors)
        stages[f"compile {board_name}"] = (made_from, files, written[-1].record())
    _publish(folder, stages)
    return Compilation(model.name, str(folder.path), tuple(written))


def _open(name: str, project: Project, wanted: Wanted, prefix: str) -> OpenModel:
    return open_model(name, project, try_in_tflm=False, name=prefix if wanted.names else "")


def _compiled_for(
    opened: OpenModel, board_name: str, board: Board | None, wanted: Wanted, files: int, place: Path
) -> CompiledFor:
    aim = target_of(board, wanted.optimize).optimize
    model, optimize, limits = opened.model, wanted.optimize, wanted.limits
    layers = explain_for(model, board, optimize, limits) if wanted.explain else None
    memory = memory_use(opened, board, optimize, limits) if wanted.explain else None
    return CompiledFor(board_name, aim, files, str(place), layers, memory)


def _vectors(opened: OpenModel, count: int) -> StoredVectors | None:
    if not count:
        return None
    checks = opened.spec.checks if opened.spec else ()
    found = golden_vectors(opened.model, opened.oracle.invoke, checks, count)
    return StoredVectors(found.inputs, found.outputs)


def _archive(opened: OpenModel, prefix: str, vectors: StoredVectors | None) -> dict[str, bytes]:
    """The vectors as an .npz: inputs and outputs, as the C takes them, under the names of the model's ports."""
    if vectors is None:
        return {}
    names = [f"input_{port.name}" for port in opened.model.inputs]
    names += [f"output_{port.name}" for port in opened.model.outputs]
    buffer = io.BytesIO()
    arrays: dict[str, Any] = dict(zip(names, (*vectors.inputs, *vectors.outputs), strict=True))
    np.savez(buffer, **arrays)
    return {f"test/{prefix}_vectors.npz": buffer.getvalue()}


def _publish(folder: ModelFolder, stages: Mapping[str, tuple[str, dict[str, bytes], dict[str, Any]]]) -> None:
    with folder.locked():
        tell_edited(folder, folder.publish(stages, provenance.environment()))
