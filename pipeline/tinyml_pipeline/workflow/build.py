"""`tinyml build`: a firmware project, or the bare-metal firmware of an emulated machine, to what can be flashed."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tinyml_pipeline import provenance
from tinyml_pipeline.artifacts import ModelFolder
from tinyml_pipeline.boards.board import Board, Esptool, Probe, RuntimeName, Uf2
from tinyml_pipeline.boards.catalog import load_board
from tinyml_pipeline.compiler.source_tree import SourceTree
from tinyml_pipeline.errors import ArtifactsError, ToolMissingError, UnsupportedError, UsageError
from tinyml_pipeline.host.builders.bare_metal import build_firmware, flash_image
from tinyml_pipeline.host.builders.esp32c3_image import make_app_image
from tinyml_pipeline.host.builders.sketch import BUILDERS, BuiltFirmware, SketchBuilder, too_large
from tinyml_pipeline.host.builders.uf2_image import uf2_image
from tinyml_pipeline.places import FIRMWARE
from tinyml_pipeline.project import Project
from tinyml_pipeline.quantization.quantized_model import QuantizedModel
from tinyml_pipeline.runtimes.c_names import c_identifier
from tinyml_pipeline.show.report import progress
from tinyml_pipeline.workflow import records
from tinyml_pipeline.workflow.firmware import FirmwareProject, current_project, runtime_for
from tinyml_pipeline.workflow.opened import OpenModel, open_model, refuse_other_model
from tinyml_pipeline.workflow.outcomes import Outcomes, Result, chosen, each
from tinyml_pipeline.workflow.plain_c import interface_of

BARE_METAL = "gcc"


@dataclass(frozen=True)
class BuildRecord:
    """A firmware that was built: by which tool, and what it takes of its board."""

    board: str
    runtime: RuntimeName
    tool: str
    flash_bytes: int
    flash_limit_bytes: int
    ram_bytes: int
    ram_limit_bytes: int
    is_sketch: bool
    """Whether it is a sketch, which prints text and self-test at 115200 baud; else it only answers frames."""
    sha256: str
    """Of the model."""


@dataclass(frozen=True)
class Build(Result):
    """A model whose firmware was built; `folder` holds what can be flashed."""

    built: BuildRecord

    def facts(self) -> dict[str, Any]:
        return {"build": records.to_json(self.built)}


@dataclass(frozen=True)
class Built:
    """A firmware that fits its board. `files` maps suffixes such as '.hex' to what was built."""

    model: QuantizedModel
    board: Board
    files: Mapping[str, Path]
    record: BuildRecord

    @property
    def elf(self) -> Path:
        return self.files[".elf"]


def build(
    names: Sequence[str], project: Project, *, board: str, runtime: str | None = None, tool: str | None = None
) -> Outcomes[Build]:
    """Build each model's firmware for one board by `tool`, or by the first of those that are installed."""
    target = load_board(board)
    chosen_runtime = runtime_for(target, runtime)
    choose_builder(target, tool)

    def work(name: str) -> Build:
        built = build_one(open_model(name, project), target, chosen_runtime, tool)
        return Build(built.model.name, str(built.elf.parent), built.record)

    return each(chosen(names, project, files=True), work)


def build_one(opened: OpenModel, board: Board, runtime: RuntimeName = "aot", tool: str | None = None) -> Built:
    """One model's firmware, its project written first where it is not of this model and this program.

    Raises UnsupportedError where it is larger than the board, ToolMissingError where nothing here builds it,
    ToolFailedError with the tool's words, ArtifactsError where the self-test is not the generated one.
    """
    builder = choose_builder(board, tool)
    if builder is None and runtime != "aot":
        raise UsageError(
            f"{BARE_METAL} alone builds plain C only for {board.name}: leave out --runtime {runtime}, or install"
            f" {' or '.join(one.name for one in BUILDERS if one.can_build(board))}."
        )
    if builder is None:
        return _build_bare_metal(opened, board)
    project = current_project(opened, board, runtime)
    check_self_test(project)
    made_from = provenance.digest(_digests(project.path), board.name, runtime, builder.name)
    stage = f"build {board.name}-{runtime}"
    if not _is_built(project.folder, stage, made_from):
        working = progress.working(f"{project.model.name}: building for {board.name} with {builder.name}")
        with working, tempfile.TemporaryDirectory(prefix="tinyml-") as place:
            sketch = builder.build(project.path, board, Path(place))
            _check_size(sketch, project.model, board)
            files = {
                f"build/{board.name}-{runtime}/{project.name}{suffix}": path.read_bytes()
                for suffix, path in sketch.files.items()
            }
        record = _record(board, runtime, builder.name, sketch, project.model, is_sketch=True)
        _publish(project.folder, stage, made_from, files, record)
    return _built(project.model, project.folder, board, stage)


def check_self_test(project: FirmwareProject) -> None:
    """ArtifactsError where the vectors of the self-test are not those that the manifest knows."""
    golden = project.record.golden
    found = hashlib.sha256((project.folder.path / golden).read_bytes()).hexdigest()
    if found != project.files[golden]:
        raise ArtifactsError(
            f"{project.folder.path / golden} is not what 'tinyml firmware' wrote: its self-test would prove nothing."
            f" Delete it and run: tinyml firmware {project.folder.argument} --board {project.board.name}"
            f" --runtime {project.runtime}"
        )


def choose_builder(board: Board, tool: str | None = None) -> SketchBuilder | None:
    """What builds for a board here; None means bare-metal gcc, which makes no sketch but what `verify` asks."""
    able = [builder for builder in BUILDERS if builder.can_build(board)]
    names = [builder.name for builder in able] + [BARE_METAL] * board.runs_bare_metal
    if tool is not None:
        if tool not in names:
            raise UsageError(f"{board.name} is not built by '{tool}'; choose one of: {', '.join(names)}.")
        return next((builder for builder in able if builder.name == tool), None)
    installed = next((builder for builder in able if not builder.missing()), None)
    if installed is None and not board.runs_bare_metal:
        ways = "; or ".join(f"{builder.name}: {builder.install}" for builder in able)
        raise ToolMissingError(f"nothing here builds a sketch for {board.name}. Install one of: {ways}.")
    return installed


def _build_bare_metal(opened: OpenModel, board: Board) -> Built:
    refuse_other_model(opened)
    model, folder = opened.model, opened.folder
    sources = opened.compiled(board)
    code = provenance.code_digest(
        build_firmware.__module__, make_app_image.__module__, uf2_image.__module__, files=[FIRMWARE]
    )
    made_from = provenance.digest(dict(sources), board.name, code)
    stage = f"build {board.name}-aot"
    if not _is_built(folder, stage, made_from):
        with tempfile.TemporaryDirectory(prefix="tinyml-") as place:
            made = bare_metal_firmware(model, sources, board, Path(place))
            _check_size(made, model, board)
            stem = f"build/{board.name}-aot/{c_identifier(model.name)}"
            files = {f"{stem}{suffix}": path.read_bytes() for suffix, path in made.files.items()}
        _publish(folder, stage, made_from, files, _record(board, "aot", BARE_METAL, made, model, is_sketch=False))
    if board.port is not None and board.port.reached_by:
        progress.say(
            f"{board.name}: built by {BARE_METAL} alone, so this is not a sketch; it answers 'tinyml verify' at"
            f" 115200 baud, {board.port.reached_by}."
        )
    return _built(model, folder, board, stage)


def bare_metal_firmware(model: QuantizedModel, sources: SourceTree, board: Board, place: Path) -> BuiltFirmware:
    """What answers the wire protocol without any framework, written below `place`; raises as build_firmware().

    `sources` is the model compiled for the board.
    """
    image = build_firmware(sources, interface_of(model), board, "verify", place)
    files = {".elf": image.elf}
    flash_bytes = image.flash_bytes
    if isinstance(board.flashing, Esptool):
        files[".bin"] = make_app_image(image.elf, place / "app.bin").image
        flash_bytes = files[".bin"].stat().st_size  # with what fills its pages up
    elif isinstance(board.flashing, Probe | Uf2):
        files[".bin"] = flash_image(image, board)
        if isinstance(board.flashing, Uf2):
            files[".uf2"] = place / "app.uf2"
            assert board.port is not None, "it was built for"
            program = uf2_image(files[".bin"].read_bytes(), board.port.flash_origin, board.flashing.family_id)
            files[".uf2"].write_bytes(program)
    return BuiltFirmware(files, flash_bytes, image.ram_bytes)


def _check_size(built: BuiltFirmware, model: QuantizedModel, board: Board) -> None:
    if (needs := too_large(built.flash_bytes, built.ram_bytes, board)) is not None:
        raise UnsupportedError(
            f"{board.name}: the firmware of {model.name} {needs}; choose a smaller model or a larger board."
        )


def _record(
    board: Board, runtime: RuntimeName, tool: str, built: BuiltFirmware, model: QuantizedModel, *, is_sketch: bool
) -> BuildRecord:
    return BuildRecord(
        board=board.name,
        runtime=runtime,
        tool=tool,
        flash_bytes=built.flash_bytes,
        flash_limit_bytes=board.usable_flash_bytes,
        ram_bytes=built.ram_bytes,
        ram_limit_bytes=board.usable_ram_bytes,
        is_sketch=is_sketch,
        sha256=model.sha256,
    )


def _publish(folder: ModelFolder, stage: str, made_from: str, files: Mapping[str, bytes], record: BuildRecord) -> None:
    with folder.locked():
        folder.publish({stage: (made_from, files, records.to_json(record))}, provenance.environment())


def _is_built(folder: ModelFolder, stage: str, made_from: str) -> bool:
    """Whether what lies in the folder was built from just this, and the manifest still says how."""
    record = folder.record(stage)
    if record is None or not folder.is_current(stage, made_from):
        return False
    try:
        records.read(BuildRecord, record.facts)
    except records.RecordError:
        return False
    return True


def _built(model: QuantizedModel, folder: ModelFolder, board: Board, stage: str) -> Built:
    record = folder.record(stage)
    assert record is not None, "it was published"
    files = {f".{name.rsplit('/', 1)[1].split('.', 1)[1]}": folder.path / name for name in record.files}
    return Built(model, board, files, records.read(BuildRecord, record.facts))


def _digests(folder: Path) -> dict[str, str]:
    """Every file of a project as it is on disk; what tools leave in hidden folders does not count."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    }
