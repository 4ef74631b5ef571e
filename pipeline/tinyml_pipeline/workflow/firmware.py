"""`tinyml firmware`: a folder that is an Arduino sketch and a PlatformIO project, with a place for the user's code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
from tinyml_pipeline.runtimes.tflm import TflmRuntime, supported_libraries
from tinyml_pipeline.show.report import progress
from tinyml_pipeline.workflow import records
from tinyml_pipeline.workflow.anomaly import threshold_of
from tinyml_pipeline.workflow.generate import encoded
from tinyml_pipeline.workflow.opened import OpenModel, open_model, refuse_other_model
from tinyml_pipeline.workflow.outcomes import Outcomes, Result, chosen, each
from tinyml_pipeline.workflow.plain_c import aot_runtime


@dataclass(frozen=True)
class FirmwareRecord:
    """A firmware project: of which model, and which of its files holds the vectors of the self-test."""

    board: str
    runtime: RuntimeName
    sha256: str
    golden: str


@dataclass(frozen=True)
class Firmware(Result):
    """A model whose firmware project was written; `folder` is the project's own."""

    written: FirmwareRecord
    has_platformio: bool = True
    """Whether the folder is a PlatformIO project too: PlatformIO does not know every board."""

    def facts(self) -> dict[str, Any]:
        return {"firmware": records.to_json(self.written)}


@dataclass(frozen=True)
class FirmwareProject:
    """A firmware project on disk: where it lies below its model's folder, and the digests of its files as written."""

    model: QuantizedModel
    board: Board
    runtime: RuntimeName
    folder: ModelFolder
    record: FirmwareRecord
    files: Mapping[str, str]

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


def firmware(names: Sequence[str], project: Project, *, board: str, runtime: str | None = None) -> Outcomes[Firmware]:
    """A project of each model for one board; files that the user changed stay as they are."""
    target = load_board(board)
    chosen_runtime = runtime_for(target, runtime)

    def write(name: str) -> Firmware:
        made = write_project(open_model(name, project), target, chosen_runtime)
        return Firmware(made.model.name, str(made.path), made.record, target.platformio is not None)

    return each(chosen(names, project, files=True), write)


def runtime_for(board: Board, runtime: str | None) -> RuntimeName:
    """The runtime of that name, `aot` where none is given; UsageError where the board has no such."""
    if runtime is None:
        return "aot"
    for name in board.runtimes:
        if name == runtime:
            return name
    if runtime not in ("aot", "tflm"):
        raise UsageError(f"there is no runtime '{runtime}'; choose aot or tflm.")
    raise UsageError(f"{board.name} does not run '{runtime}', only aot. Boards with tflm: {', '.join(_with_tflm())}.")


def write_project(opened: OpenModel, board: Board, runtime: RuntimeName) -> FirmwareProject:
    """Write the firmware project of a model anew, and say which files stayed because they were changed.

    Raises UnsupportedError for a board without a sketch or a model that the runtime refuses.
    """
    refuse_other_model(opened)
    model, folder = opened.model, opened.folder
    stage = f"firmware {board.name}-{runtime}"
    with folder.locked():
        with progress.working(f"{model.name}: writing the firmware for {board.name}"):
            tree = project_sources(opened, board, runtime).under(f"firmware/{board.name}-{runtime}")
        golden = next(path for path in tree if path.endswith("/src/golden.h"))
        record = FirmwareRecord(board.name, runtime, model.sha256, golden)
        stages = {stage: (_made_from(opened, board, runtime), encoded(tree), records.to_json(record))}
        kept = folder.publish(stages, provenance.environment(), keep_edited=True)
        published = folder.record(stage)
    assert published is not None, "publish() has written it"
    _tell_kept(folder, kept, published)
    return FirmwareProject(model, board, runtime, folder, record, published.files)


def current_project(opened: OpenModel, board: Board, runtime: RuntimeName) -> FirmwareProject:
    """The project on disk if it is of this model and this program, whatever its owner changed; else a new one."""
    model, folder = opened.model, opened.folder
    record = folder.record(f"firmware {board.name}-{runtime}")
    if record is None or record.made_from != _made_from(opened, board, runtime):
        return write_project(opened, board, runtime)
    missing = any(not (folder.path / path).is_file() for path in record.files)
    try:
        written = records.read(FirmwareRecord, record.facts)
    except records.RecordError:
        return write_project(opened, board, runtime)
    if missing or written.golden not in record.files:
        return write_project(opened, board, runtime)
    return FirmwareProject(model, board, runtime, folder, written, record.files)


def project_sources(opened: OpenModel, board: Board, runtime: RuntimeName) -> SourceTree:
    """The project's files as they are generated, under the sketch's name.

    Raises UnsupportedError if the runtime refuses the model, or the board has no sketch.
    """
    model = opened.model
    if runtime == "tflm":
        return TflmRuntime().project(model, board, _oracle(opened, opened.arena_bytes))
    runtime_in_c = aot_runtime()
    try:
        compiled = runtime_in_c.compile(model, board)
    except UnsupportedError as error:
        raise error.of(model.name, _other_way(model, board) if error.operator else "") from error
    return runtime_in_c.project(model, board, _oracle(opened, 0), compiled)


def _oracle(opened: OpenModel, arena_bytes: int) -> Oracle:
    spec = opened.spec
    if spec is None:
        return Oracle(opened.golden, arena_bytes)
    return Oracle(opened.golden, arena_bytes, spec.inputs, spec.outputs, spec.stride, threshold_of(opened))


def _other_way(model: QuantizedModel, board: Board) -> str:
    """For a model with an operator that the compiler lacks: TFLM ran it here; on a board, a library must know it."""
    able, _ = supported_libraries(model)
    if board.tflm_library in able:
        return " The interpreter knows it: --runtime tflm."
    boards = [name for name in _with_tflm() if load_board(name).tflm_library in able]
    return f" The interpreter knows it: --runtime tflm, on {', '.join(boards)}." if boards else ""


def _with_tflm() -> list[str]:
    return [name for name in board_names() if load_board(name).tflm_library is not None]


def _made_from(opened: OpenModel, board: Board, runtime: RuntimeName) -> str:
    code = provenance.code_digest(__name__, files=[FIRMWARE])
    spec = opened.spec
    said = "" if spec is None else repr((spec.inputs, spec.outputs, spec.stride, threshold_of(opened)))
    return provenance.digest(opened.model.sha256, said, board.name, runtime, code)


def _tell_kept(folder: ModelFolder, kept: Sequence[str], record: StageRecord) -> None:
    for name in kept:
        if name not in record.files:
            what = "It is no longer part of the project: delete it when you no longer need it."
        elif f"{name}.new" in record.files:
            what = f"The new text is next to it as {Path(name).name}.new: take over what you want, delete that."
        else:
            what = "To have the generated one back, delete yours and run this again."
        progress.say(f"{folder.model}: you changed {folder.path / name}, so it stays as it is. {what}")
