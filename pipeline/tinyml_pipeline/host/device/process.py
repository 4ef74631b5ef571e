"""A device that is a process of this computer: an emulator, or the firmware itself built for the host."""

from __future__ import annotations

import contextlib
import os
import select
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from tinyml_pipeline import tools
from tinyml_pipeline.errors import DeviceError
from tinyml_pipeline.host.device.device import Device
from tinyml_pipeline.host.device.pipe_threads import PipeThreads
from tinyml_pipeline.visible_text import visible

_READ_BYTES = 65536
_BYTES_PER_S = 1000  # QEMU takes single bytes, between two rounds of its event loop: some thousand a second when busy
_CAN_WAIT_FOR_PIPES = sys.platform != "win32"


class ProcessDevice(Device):
    """The line is the process's stdin and stdout; its stderr goes to the log.

    `ready_within_s`: wait so long, at most, for a first byte before anything is sent. What
    comes while a firmware has its UART still off may be lost or, in QEMU, lie unseen for seconds.
    """

    unheard = "is this computer too busy, or does its firmware not start?"
    line = "whether this computer has memory and time for it"

    def __init__(self, name: str, command: Sequence[str | Path], log: Path, ready_within_s: float = 0.0) -> None:
        super().__init__(name, log)
        self.bytes_per_s = _BYTES_PER_S
        self._ready_within_s = ready_within_s
        self._command = [str(part) for part in command]
        self._process: tools.Process | None = None
        self._started = contextlib.ExitStack()
        self._threads: PipeThreads | None = None
        self._kept = b""

    def open(self) -> None:
        assert self._log_file is not None, "open a device with 'with'"
        self.note("$ " + " ".join(self._command))
        process = self._started.enter_context(tools.start(self._command, stderr=self._log_file.fileno()))
        assert process.stdin is not None
        if _CAN_WAIT_FOR_PIPES:
            os.set_blocking(process.stdin.fileno(), False)
        else:
            self._threads = PipeThreads(process)
        self._process = process
        if self._ready_within_s:
            self.read(self._ready_within_s)

    def close(self) -> None:
        if self._threads is not None:
            self._threads.close()
        self._process = None
        self._threads = None
        self._kept = b""
        self._started.close()

    def write(self, data: bytes, timeout_s: float) -> None:
        process = self._running()
        if self._threads is not None:
            self._write_by_thread(self._threads, data, timeout_s)
            return
        assert process.stdin is not None
        assert process.stdout is not None
        line, rest, deadline = process.stdin.fileno(), memoryview(data), time.monotonic() + timeout_s
        while rest:
            try:
                rest = rest[os.write(line, rest) :]
                deadline = time.monotonic() + timeout_s
            except BlockingIOError:
                # A process that cannot get rid of its answers takes no more requests: keep what it says meanwhile.
                wait_s = max(0.0, deadline - time.monotonic())
                readable, writable, _ = select.select([process.stdout], [line], [], wait_s)
                if readable:
                    self._kept += self._read_now(process)
                    deadline = time.monotonic() + timeout_s
                elif not writable:
                    raise DeviceError(f"{self.name} took no byte for {timeout_s:g} s.{self.log_hint()}") from None
            except BrokenPipeError:
                raise self._ended() from None

    def _write_by_thread(self, threads: PipeThreads, data: bytes, timeout_s: float) -> None:
        try:
            if not threads.write(data, timeout_s):
                raise DeviceError(f"{self.name} took no byte for {timeout_s:g} s.{self.log_hint()}")
        except BrokenPipeError:
            raise self._ended() from None

    def read(self, timeout_s: float) -> bytes:
        process = self._running()
        if self._threads is not None:
            said = self._threads.read(timeout_s)
            if said == b"":
                raise self._ended()
            return said or b""
        assert process.stdout is not None
        kept, self._kept = self._kept, b""
        if kept or not select.select([process.stdout], [], [], max(0.0, timeout_s))[0]:
            return kept
        return self._read_now(process)

    def _read_now(self, process: tools.Process) -> bytes:
        assert process.stdout is not None
        data = os.read(process.stdout.fileno(), _READ_BYTES)
        if not data:
            raise self._ended()
        return data

    def _running(self) -> tools.Process:
        if self._process is None:
            raise DeviceError(f"{self.name} is not open; open it with 'with device:'.")
        return self._process

    def _ended(self) -> DeviceError:
        """The process closed its line: say how it ended, and its last words."""
        how, deadline = "closed its line", time.monotonic() + 1
        while time.monotonic() < deadline:
            returncode = self._running().poll()
            if returncode is not None:
                how = tools.describe_exit(returncode) if returncode else "ended"
                break
            time.sleep(0.01)
        words = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        last = words[-1] if words and not words[-1].startswith("$ ") else "nothing"
        program = Path(self._command[0]).name
        return DeviceError(f"{self.name}: {program} {how} in the middle; it said: {visible(last)}.{self.log_hint()}")
