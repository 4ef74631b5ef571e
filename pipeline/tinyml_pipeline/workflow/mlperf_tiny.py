"""`tinyml firmware --serve mlperf-tiny`: what the runner of the benchmark MLPerf Tiny can talk to, on a board."""

from __future__ import annotations

import shlex
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tinyml_pipeline import provenance
from tinyml_pipeline.boards.board import Board, QemuMachine
from tinyml_pipeline.boards.catalog import load_board
from tinyml_pipeline.errors import UnsupportedError, UsageError
from tinyml_pipeline.host.builders.bare_metal import build_firmware
from tinyml_pipeline.host.device.emulators import qemu_command
from tinyml_pipeline.project import Project
from tinyml_pipeline.runtimes import mlperf_tiny
from tinyml_pipeline.runtimes.c_names import c_identifier
from tinyml_pipeline.show.report import progress
from tinyml_pipeline.workflow import records
from tinyml_pipeline.workflow.generate import encoded
from tinyml_pipeline.workflow.opened import OpenModel, open_model
from tinyml_pipeline.workflow.outcomes import Outcomes, Result, chosen, each


@dataclass(frozen=True)
class ServedRecord:
    """Firmware for the runner: which of its models it is, and the file or the sketch's folder that was written."""

    board: str
    benchmark: str
    sha256: str
    file: str
    run: str = ""
    """The command that runs it, with its serial port as a pseudo-terminal; empty for a real board."""


@dataclass(frozen=True)
class Served(Result):
    """A model whose firmware for the runner was written."""

    written: ServedRecord

    def facts(self) -> dict[str, Any]:
        return {"served": records.to_json(self.written)}


def serve(names: Sequence[str], project: Project, *, board: str) -> Outcomes[Served]:
    """Firmware of each model for one board: a sketch, or what an emulated board runs."""
    target = load_board(board)
    if target.name == "host":
        raise UsageError("MLPerf Tiny is run on a board; 'tinyml boards' lists them, emulated ones (sim-...) too.")

    def write(name: str) -> Served:
        opened = open_model(name, project)
        with progress.working(f"{opened.name}: writing the firmware for {target.name}"):
            return _written(opened, target)

    return each(chosen(names, project, files=True), write)


def _written(opened: OpenModel, board: Board) -> Served:
    model, folder = opened.model, opened.folder
    stage, identifier = f"firmware {board.name}-{mlperf_tiny.NAME}", c_identifier(model.name)
    place = f"firmware/{board.name}-{mlperf_tiny.NAME}"
    try:
        benchmark = mlperf_tiny.benchmark_of(model.graph)
    except UnsupportedError as error:
        raise error.of(model.name) from error
    if board.emulator is None:
        tree = mlperf_tiny.project(model, board, opened.compiled(board))
        files, file, run = encoded(tree.under(place)), f"{place}/{identifier}", ""
    else:
        file = f"{place}/{identifier}.elf"
        files, run = {file: _elf(opened, board)}, _command(board, folder.path / file)
    record = ServedRecord(board.name, benchmark.name, model.sha256, file, run)
    made_from = provenance.digest(model.sha256, board.name, provenance.code_digest(__name__))
    with folder.locked():
        folder.publish({stage: (made_from, files, records.to_json(record))}, provenance.environment())
    return Served(model.name, str(folder.path / file), record)


def _elf(opened: OpenModel, board: Board) -> bytes:
    header = {"mlperf_tiny_config.h": mlperf_tiny.config_header(opened.model.graph)}
    sources, interface = opened.compiled(board).merged(header), opened.interface
    with tempfile.TemporaryDirectory(prefix="tinyml-") as place:
        return build_firmware(sources, interface, board, "mlperf_tiny", Path(place)).elf.read_bytes()


def _command(board: Board, elf: Path) -> str:
    if not isinstance(board.emulator, QemuMachine):
        return ""
    words = [str(word) for word in qemu_command(board.emulator, elf)]
    return shlex.join(["pty" if word == "stdio" else word for word in words])
