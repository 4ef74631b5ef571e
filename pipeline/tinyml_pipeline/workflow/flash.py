"""`tinyml flash`: build where needed, write it with the real tool, and hear from the board what it runs."""

from __future__ import annotations

import hashlib
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from tinyml_pipeline import provenance
from tinyml_pipeline.boards.board import Avrdude, Board, Bossac, Esptool, Probe, RuntimeName, Uf2
from tinyml_pipeline.boards.catalog import load_board, stand_in
from tinyml_pipeline.errors import ToolMissingError, UsageError
from tinyml_pipeline.host.builders.esp32c3_image import APP_ADDRESS
from tinyml_pipeline.host.device.ports import find_port
from tinyml_pipeline.host.device.session import Session
from tinyml_pipeline.host.flashers import (
    arduino_cli,
    avrdude,
    bossac,
    esptool,
    openocd,
    platformio,
    pyocd,
    st_flash,
    uf2,
)
from tinyml_pipeline.host.flashers.flasher import FlashPlan, Symptom, carry_out
from tinyml_pipeline.model_io import ModelInterface
from tinyml_pipeline.project import Project
from tinyml_pipeline.show.report import progress
from tinyml_pipeline.visible_text import visible
from tinyml_pipeline.workflow import records
from tinyml_pipeline.workflow.build import BARE_METAL, Built, build_one, choose_builder
from tinyml_pipeline.workflow.connect import connect, is_emulated
from tinyml_pipeline.workflow.firmware import current_project, runtime_for
from tinyml_pipeline.workflow.opened import OpenModel, open_model
from tinyml_pipeline.workflow.outcomes import Outcomes, Result, chosen


@dataclass(frozen=True)
class FlashRecord:
    """A firmware that was written to a board: by which tool, and the digests of its ELF file and of its model."""

    board: str
    runtime: RuntimeName
    tool: str
    flash_bytes: int
    image_sha256: str
    sha256: str


@dataclass(frozen=True)
class Flashing(Result):
    """A model that was put on a board; `port` is empty if it was written without one."""

    written: FlashRecord
    port: str

    def facts(self) -> dict[str, Any]:
        return {"flash": {**records.to_json(self.written), "port": self.port}}


Show = Callable[[str], None]
Action = Callable[[Show], None]
_UPLOADERS = ("arduino-cli", "platformio")
_WITHOUT_PORT = ("uf2", *Probe.tools)
_BACK_WITHIN_S = 10.0
_ANSWERS_WITHIN_S = 15.0
_SYMPTOMS: Mapping[str, tuple[Symptom, ...]] = {
    "avrdude": avrdude.SYMPTOMS,
    "esptool": esptool.SYMPTOMS,
    "bossac": bossac.SYMPTOMS,
    "pyocd": pyocd.SYMPTOMS,
    "openocd": openocd.SYMPTOMS,
    "st-flash": st_flash.SYMPTOMS,
}


def flash(
    name: str,
    project: Project,
    *,
    board: str,
    port: str | None = None,
    runtime: str | None = None,
    tool: str | None = None,
) -> Outcomes[Flashing]:
    """Put one model on one board; on an emulated one its machine is started with the firmware, and stopped again.

    The tool is the one that the board's own files name, where it is installed and the build left what it takes; else
    the one that built the firmware; `tool` chooses otherwise. What was written is recorded as stage 'flash <board>'.
    """
    target = load_board(board)
    kind = runtime_for(target, runtime)
    chosen([name], project, files=True)
    return Outcomes([_flash_one(name, project, target, port, kind, tool)], [])


def _flash_one(
    name: str, project: Project, board: Board, port: str | None, runtime: RuntimeName, tool: str | None
) -> Flashing:
    if is_emulated(board):
        if port is not None or tool is not None:
            raise UsageError(f"{board.name} is emulated: its firmware is started, not written to a port.")
        opened = open_model(name, project)
        built = build_one(opened, board, runtime)
        used = "emulator"
    else:
        builder = tool if tool in _UPLOADERS else None
        choose_builder(board, builder)  # before a port is asked for
        needs_port = tool not in _WITHOUT_PORT and (tool is not None or not set(_direct(board)) & set(_WITHOUT_PORT))
        port = find_port(board.name, port, stand_in=stand_in(board)) if needs_port else port
        opened = open_model(name, project)
        built = build_one(opened, board, runtime, builder)
        sketch = current_project(opened, board, runtime).path
        used, action = choose(built, sketch, port, tool)
        progress.say(f"{built.model.name}: writing {built.record.flash_bytes:,} bytes to {board.name} with {used}")
        try:
            action(lambda text: print(visible(text, "\r\n\t"), end="", file=sys.stderr, flush=True))
        except KeyboardInterrupt:
            progress.say(f"\n{board.name}: the writing was stopped in the middle; flash the board again before use.")
            raise
    if is_emulated(board) or port is not None:
        _hear(opened, project, built, port)
    else:
        progress.say(
            f"{board.name}: written; now let it prove itself: tinyml verify {opened.folder.argument} --board"
            f" {board.name}"
        )
    return _record(opened, built, used, port)


def choose(built: Built, sketch: Path, port: str | None, tool: str | None) -> tuple[str, Action]:
    """The tool that writes `built`, and the call of it. Raises UsageError for one that cannot, ToolMissingError."""
    names = [name for name in _direct(built.board) if _image(built, name) is not None]
    names += [built.record.tool] if built.record.tool in _UPLOADERS else []
    if tool is not None and tool not in names:
        able = ", ".join(names) or "none that is installed"
        raise UsageError(
            f"'{tool}' cannot write what {built.record.tool} built for {built.board.name}; what can: {able}."
        )
    missing = ToolMissingError(f"nothing here writes what {built.record.tool} built for {built.board.name}.")
    for number, name in enumerate([tool] if tool is not None else names):
        try:
            return name, _action(name, built, sketch, port)
        except ToolMissingError as error:
            missing = error if number == 0 else missing
    raise missing


def _action(name: str, built: Built, sketch: Path, port: str | None) -> Action:
    board, settings = built.board, built.board.flashing
    image = _image(built, name)
    if port is None and name not in _WITHOUT_PORT:
        port = find_port(board.name, None)  # of a board whose own tool needs none, but is not installed
    if name == "arduino-cli":
        assert port is not None, "a port was found"
        return partial(carry_out, arduino_cli.plan(sketch, board.name, port, _symptoms(board)))
    if name == "platformio":
        return partial(carry_out, platformio.plan(sketch, board.name, port, _symptoms(board)))
    assert image is not None, "choose() has found it"
    if isinstance(settings, Uf2):
        return partial(uf2.copy, settings, image, board.name)
    if isinstance(settings, Probe):
        return partial(carry_out, _through_probe(name, settings, image, board))
    assert port is not None, "a port was found"
    if isinstance(settings, Avrdude):
        return partial(carry_out, avrdude.plan(settings, image, board.name, port))
    if isinstance(settings, Esptool):
        address = APP_ADDRESS if built.record.tool == BARE_METAL else 0
        return partial(carry_out, esptool.plan(settings, image, board.name, port, address))
    assert isinstance(settings, Bossac), "no other kind is left"
    plan = bossac.plan(image, board.name, port)

    def touch_and_write(show: Show) -> None:
        bossac.touch(port)
        carry_out(plan, show)

    return touch_and_write


def _through_probe(name: str, settings: Probe, image: Path, board: Board) -> FlashPlan:
    if name == "pyocd":
        return pyocd.plan(settings, image, board.name)
    if name == "openocd":
        return openocd.plan(settings, image, board.name)
    assert board.port is not None, "every board with a probe says where its flash begins"
    return st_flash.plan(image, board.port.flash_origin, board.name)


def _direct(board: Board) -> tuple[str, ...]:
    return board.flashing.tools if board.flashing is not None else ()


def _symptoms(board: Board) -> tuple[Symptom, ...]:
    return tuple(symptom for name in _direct(board) for symptom in _SYMPTOMS.get(name, ()))


def _image(built: Built, tool: str) -> Path | None:
    """The file of a build that a tool takes; None where there is none."""
    flashing = built.board.flashing
    merged = flashing.image if isinstance(flashing, Esptool) else ""
    suffixes = {
        "avrdude": (".hex", ".elf"),
        "esptool": (".bin",) if built.record.tool == BARE_METAL else (merged,),
        "bossac": (".bin",),
        "uf2": (".uf2",),
        "pyocd": (".hex", ".elf"),
        "openocd": (".hex", ".elf"),
        "st-flash": (".bin",),
    }.get(tool, ())
    return next((built.files[suffix] for suffix in suffixes if suffix in built.files), None)


def _hear(opened: OpenModel, project: Project, built: Built, port: str | None) -> None:
    """Ask the board what it runs; DeviceError where that is not what was written."""
    deadline = time.monotonic() + _BACK_WITHIN_S
    while port is not None and port.startswith("/dev/") and not Path(port).exists() and time.monotonic() < deadline:
        time.sleep(0.1)  # a board with its own USB takes its port away while it restarts
    with connect(opened, project.artifacts, built.board, port, built.record.runtime) as device:
        Session(device, timeout_s=_ANSWERS_WITHIN_S).greet(ModelInterface.of(built.model.graph))
    progress.say(f"{built.board.name}: it runs {built.model.name}, the model of SHA-256 {built.model.sha256[:12]}")


def _record(opened: OpenModel, built: Built, tool: str, port: str | None) -> Flashing:
    folder = opened.folder
    record = FlashRecord(
        board=built.board.name,
        runtime=built.record.runtime,
        tool=tool,
        flash_bytes=built.record.flash_bytes,
        image_sha256=hashlib.sha256(built.elf.read_bytes()).hexdigest(),
        sha256=built.model.sha256,
    )
    with folder.locked():
        made_from = provenance.digest(built.model.sha256, record.image_sha256)
        stages: dict[str, tuple[str, dict[str, bytes], dict[str, Any]]] = {
            f"flash {built.board.name}": (made_from, {}, records.to_json(record))
        }
        folder.publish(stages, provenance.environment())
    return Flashing(built.model.name, str(folder.path), record, port or "")
