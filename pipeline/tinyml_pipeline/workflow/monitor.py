"""`tinyml monitor`: what a board says, and to it what is typed."""

from __future__ import annotations

import os
import select
import sys
import time

from tinyml_pipeline.boards.board import Board, RuntimeName
from tinyml_pipeline.boards.catalog import load_board
from tinyml_pipeline.errors import UsageError
from tinyml_pipeline.host.device.device import Device
from tinyml_pipeline.host.device.session import Session
from tinyml_pipeline.model_io import ModelInterface
from tinyml_pipeline.project import Project
from tinyml_pipeline.show.report import progress
from tinyml_pipeline.visible_text import VisibleStream, visible
from tinyml_pipeline.workflow.build import build_one
from tinyml_pipeline.workflow.connect import connect, is_emulated, refuse_port_of_emulated
from tinyml_pipeline.workflow.firmware import runtime_for
from tinyml_pipeline.workflow.opened import OpenModel, open_model
from tinyml_pipeline.workflow.outcomes import chosen
from tinyml_pipeline.workflow.typed_numbers import answer_line

_LOOK_S = 0.05
_QUIET_BEFORE_END_S = 1.0
_WRITE_WITHIN_S = 5.0
_STARTS_WITHIN_S = 3.0


def monitor(
    name: str | None,
    project: Project,
    *,
    board: str,
    port: str | None = None,
    runtime: str | None = None,
    typed: int | None = None,
    shown: int | None = None,
) -> None:
    """Until Ctrl-C, or until `typed` ends and the board has been quiet for a second after that.

    `typed` and `shown` are file descriptors, stdin and stdout by default. An emulated board runs the model `name`,
    which a real one does not need. Raises UsageError without it, DeviceError where the board goes away.
    """
    target = load_board(board)
    refuse_port_of_emulated(target, port)
    if is_emulated(target):
        if name is None:
            raise UsageError(
                f"{board} is emulated: name the model that it shall run: tinyml monitor MODEL --board {board}"
            )
        chosen([name], project, files=True)
    source = sys.stdin.fileno() if typed is None else typed
    output = sys.stdout.fileno() if shown is None else shown
    sink = _Sink(output)
    kind = runtime_for(target, runtime)
    opened = open_model(name, project) if is_emulated(target) and name is not None else None
    with connect(opened, project.artifacts, target, port, kind) as device:
        progress.say(f"{board}: connected; Ctrl-C ends this.")
        if opened is not None and not _speaks_text(opened, target, kind):
            _serve_numbers(opened, device, source, output)
            return
        if not os.isatty(source):
            _show_start(device, sink)
        is_over, last_heard = False, time.monotonic()
        while not is_over or time.monotonic() - last_heard < _QUIET_BEFORE_END_S:
            if _show(device, sink):
                last_heard = time.monotonic()
            if not is_over and select.select([source], [], [], 0)[0]:
                line = os.read(source, 1024)
                is_over = not line
                last_heard = time.monotonic()
                device.write(line, _WRITE_WITHIN_S)


def _speaks_text(opened: OpenModel, board: Board, runtime: RuntimeName) -> bool:
    """Whether the firmware of an emulated board answers typed text itself; the bare one only answers frames."""
    return build_one(opened, board, runtime).record.is_sketch


def _serve_numbers(opened: OpenModel, device: Device, source: int, sink: int) -> None:
    """Until `source` ends: a row of numbers typed, the device's answer shown."""
    model = opened.model
    session = Session(device)
    session.greet(ModelInterface.of(model.graph))
    os.write(sink, (visible(f"Type numbers for {', '.join(port.label for port in model.inputs)}.") + "\n").encode())
    with open(source, encoding="utf-8", errors="replace", closefd=False) as lines:
        for line in lines:
            if line.strip():
                os.write(sink, (visible(answer_line(line.strip(), model, session), "\n") + "\n").encode())


def _show(device: Device, sink: _Sink) -> bool:
    """Pass on what has come; whether anything has. The zeros around frames are for machines."""
    said = device.read(_LOOK_S)
    sink.write(said.replace(b"\0", b""))
    return bool(said)


class _Sink:
    """Where a board's words go: what could steer a terminal is shown as an escape."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._stream = VisibleStream()

    def write(self, said: bytes) -> None:
        rest = self._stream.feed(said).encode(errors="backslashreplace")
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]


def _show_start(device: Device, sink: _Sink) -> None:
    """A script types at once, but a board that was reset hears nothing before it has started."""
    deadline, has_spoken = time.monotonic() + _STARTS_WITHIN_S, False
    while time.monotonic() < deadline:
        speaks = _show(device, sink)
        if has_spoken and not speaks:
            return
        has_spoken = has_spoken or speaks
