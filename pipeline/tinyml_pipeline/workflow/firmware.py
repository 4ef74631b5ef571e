"""`tinyml firmware`: a folder that is an Arduino sketch and a PlatformIO project, with a place for the user's code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tinyml_pipeline import provenance
from tinyml_pipeline.artifacts import ModelFolder, StageRecord
from tinyml_pipeline.boards.board import Board, RuntimeName
from tinyml_pipeline.boards.catalog import board_names, load_board
from tinyml_pipeline.compiler.source_tree import SourceTree
from tinyml_pipeline.errors import UnsupportedError, UsageError
from tinyml_pipeline.places import FIRMWARE
from tinyml_pipeline.project import Project
from tinyml_pipeline.quantization.quantized_model import QuantizedModel
from tinyml_pipeline.runtimes.c_names import c_identifier
from tinyml_pipeline.runtimes.runtime import Oracle
from tinyml_pipeline.runtimes.tflm import TflmRuntime
from tinyml_pipeline.show.report import progress
from tinyml_pipeline.workflow.generate import encoded
from tinyml_pipeline.workflow.opened import OpenModel, open_model
from tinyml_pipeline.workflow.outcomes import Outcomes, Result, chosen, each
from tinyml_pipeline.workflow.plain_c import aot_runtime


@dataclass(frozen=True)
class FirmwareProject:
    """A firmware project on disk: where it lies below its model's folder, and the manifest's record of it."""

    model: QuantizedModel
    board: Board
    runtime: RuntimeName
    folder: ModelFolder
    record: StageRecord

    @property
    def name(self) -> str:
        """Of the sketch and of its folder."""
        return c_identifier(self.model.name)

    @property
    def place(self) -> str:
        return f"firmware/{self.board.name}-{self.runtime}/{self.name}"

    @property
    def path(self) -> Path:
        return self.folder.path / self.place


def firmware(names: Sequence[str], project: Project, *, board: str, runtime: str | None = None) -> Outcomes[Result]:
    """A project of each model for one board; files that the user changed stay as they are."""
    target = load_board(board)
    chosen_runtime = runtime_for(target, runtime)

    def write(name: str) -> Result:
        made = write_project(open_model(name, project), target, chosen_runtime)
        return Result(made.model.name, str(made.path), {"firmware": made.record.facts})

    return each(chosen(names, project, files=True), write)


def runtime_for(board: Board, runtime: str | None) -> RuntimeName:
    """The runtime of that name, `aot` where none is given; UsageError where the board has no such."""
    if runtime is None:
        return "aot"
    for name in board.runtimes:
        if name == runtime:
            return name
    raise UsageError(f"{board.name} does not run '{runtime}', only aot. Boards with tflm: {', '.join(_with_tflm())}.")


def write_project(opened: OpenModel, board: Board, runtime: RuntimeName) -> FirmwareProject:
    """Write the firmware project of a model anew, and say which files stayed because they were changed.

    Raises UnsupportedError for a board without a sketch or a model that the runtime refuses.
    """
    model, folder = opened.model, opened.folder
    stage = f"firmware {board.name}-{runtime}"
    with folder.locked():
        with progress.working(f"{model.name}: writing the firmware for {board.name}"):
            tree = project_sources(opened, board, runtime).under(f"firmware/{board.name}-{runtime}")
        facts = {
            "board": board.name,
            "runtime": runtime,
            "sha256": model.sha256,
            "golden": next(path for path in tree if path.endswith("/src/golden.h")),
        }
        stages = {stage: (_made_from(model, board, runtime), encoded(tree), facts)}
        kept = folder.publish(stages, provenance.environment(), keep_edited=True)
        record = folder.record(stage)
    assert record is not None, "publish() has written it"
    _tell_kept(folder, kept, record)
    return FirmwareProject(model, board, runtime, folder, record)


def current_project(opened: OpenModel, board: Board, runtime: RuntimeName) -> FirmwareProject:
    """The project on disk if it is of this model and this program, whatever its owner changed; else a new one."""
    model, folder = opened.model, opened.folder
    record = folder.record(f"firmware {board.name}-{runtime}")
    if record is None or record.made_from != _made_from(model, board, runtime):
        return write_project(opened, board, runtime)
    project = FirmwareProject(model, board, runtime, folder, record)
    missing = any(not (folder.path / path).is_file() for path in record.files)
    return write_project(opened, board, runtime) if missing else project


def project_sources(opened: OpenModel, board: Board, runtime: RuntimeName) -> SourceTree:
    """The project's files as they are generated, under the sketch's name.

    Raises UnsupportedError if the runtime refuses the model, or the board has no sketch.
    """
    model, domains = opened.model, opened.spec.inputs if opened.spec else ()
    if runtime == "tflm":
        return TflmRuntime().project(model, board, Oracle(opened.golden, opened.arena_bytes, domains))
    runtime_in_c = aot_runtime()
    try:
        compiled = runtime_in_c.compile(model, board)
    except UnsupportedError as error:
        raise UnsupportedError(f"{model.name}: {error} {_other_way(board)}") from error
    return runtime_in_c.project(model, board, Oracle(opened.golden, 0, domains), compiled)


def _other_way(board: Board) -> str:
    if board.tflm_library is not None:
        return "Take the interpreter, which knows more: --runtime tflm."
    return f"The interpreter knows more: --runtime tflm, on {', '.join(_with_tflm())}."


def _with_tflm() -> list[str]:
    return [name for name in board_names() if load_board(name).tflm_library is not None]


def _made_from(model: QuantizedModel, board: Board, runtime: RuntimeName) -> str:
    code = provenance.code_digest(__name__, files=[FIRMWARE])
    return provenance.digest(model.sha256, board.name, runtime, code)


def _tell_kept(folder: ModelFolder, kept: Sequence[str], record: StageRecord) -> None:
    for name in kept:
        if name not in record.files:
            what = "It is no longer part of the project: delete it when you no longer need it."
        elif f"{name}.new" in record.files:
            what = f"The new text is next to it as {Path(name).name}.new: take over what you want, delete that."
        else:
            what = "To have the generated one back, delete yours and run this again."
        progress.say(f"{folder.model}: you changed {folder.path / name}, so it stays as it is. {what}")
