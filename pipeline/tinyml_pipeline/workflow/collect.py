"""`tinyml firmware --collect`: the sketch that prints what a sensor reads; and a board that runs it."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tinyml_pipeline import provenance
from tinyml_pipeline.boards.board import Board
from tinyml_pipeline.boards.catalog import load_board
from tinyml_pipeline.errors import UnsupportedError
from tinyml_pipeline.host.builders.bare_metal import write_sources
from tinyml_pipeline.host.device.device import Device
from tinyml_pipeline.places import FIRMWARE
from tinyml_pipeline.project import Project
from tinyml_pipeline.runtimes.collector import NAME, collector_files
from tinyml_pipeline.show.report import progress
from tinyml_pipeline.workflow.build import choose_builder
from tinyml_pipeline.workflow.connect import connect, is_emulated, refuse_port_of_emulated
from tinyml_pipeline.workflow.generate import encoded

_ANALOG = "analog"
_EMULATED = "sim-uno"
"""The emulated board that can run a sketch."""


@dataclass(frozen=True)
class Collector:
    """The sketch's folder."""

    board: str
    sensor: str
    folder: str


def write_collector(board: str, project: Project, sensor: str = "") -> Collector:
    """Write the sketch into artifacts/collect/; a file that the user changed stays as it is.

    `sensor` is one of tinyml_pipeline.runtimes.collector.SENSORS; '' is the board's own or the voltage at A0.
    """
    target = load_board(board)
    chosen = sensor or (target.arduino.own_sensor if target.arduino else "") or _ANALOG
    folder, place = project.folder(NAME), f"{board}-{chosen}"
    tree = collector_files(target, chosen).under(place)
    made_from = provenance.digest(board, chosen, provenance.code_digest(__name__, files=[FIRMWARE]))
    with folder.locked():
        stages = {f"collect {place}": (made_from, encoded(tree), {"board": board, "sensor": chosen})}
        kept = folder.publish(stages, provenance.environment(), keep_edited=True)
    for name in kept:
        progress.say(f"you changed {folder.path / name}, so it stays as it is.")
    return Collector(board, chosen, str(folder.path / place / NAME))


@contextlib.contextmanager
def connect_collector(board: Board, port: str | None, project: Project) -> Iterator[Device]:
    """A board that prints: the one at `port`, whatever sketch it runs; or an emulated one that runs the collector."""
    refuse_port_of_emulated(board, port)
    if not is_emulated(board):
        with connect(None, project.artifacts, board, port, instead=_EMULATED) as device:
            yield device
        return
    builder = choose_builder(board) if board.arduino is not None else None
    if builder is None:
        raise UnsupportedError(f"{board.name} cannot run a sketch here; record from a real board, or from {_EMULATED}.")
    with tempfile.TemporaryDirectory(prefix="tinyml-") as place:
        write_sources(collector_files(board, _ANALOG), Path(place))
        with progress.working(f"building the sketch that prints for {board.name} with {builder.name}"):
            built = builder.build(Path(place) / NAME, board, Path(place) / "built")
        with connect(None, project.artifacts, board, None, elf=built.files[".elf"]) as device:
            yield device
