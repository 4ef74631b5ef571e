"""The pipes of a process where the system cannot wait for them (Windows): a thread reads, another one writes."""

from __future__ import annotations

import os
import queue
import threading
import time

from tinyml_pipeline import tools

_READ_BYTES = 65536


class PipeThreads:
    """stdin and stdout of `process`, with time limits. The threads end with the process and `close`.

    Each has a descriptor of its own: one that is closed elsewhere may already be another process's line.
    """

    def __init__(self, process: tools.Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._said: queue.Queue[bytes] = queue.Queue()
        self._to_say: queue.Queue[tuple[bytes, threading.Event] | None] = queue.Queue()
        self._is_broken = False
        for work, stream in ((self._read_all, process.stdout), (self._write_all, process.stdin)):
            threading.Thread(target=work, args=(os.dup(stream.fileno()),), daemon=True).start()

    def close(self) -> None:
        """Nothing will be written any more."""
        self._to_say.put(None)

    def read(self, timeout_s: float) -> bytes | None:
        """What has come, at least a byte; b'' at the end of the line, None if nothing came within the time."""
        try:
            return self._said.get(timeout=max(0.0, timeout_s))
        except queue.Empty:
            return None

    def write(self, data: bytes, timeout_s: float) -> bool:
        """Whether the process took all of `data` within the time; BrokenPipeError if it has ended."""
        if self._is_broken:
            raise BrokenPipeError
        is_taken, deadline = threading.Event(), time.monotonic() + timeout_s
        self._to_say.put((data, is_taken))
        if not is_taken.wait(max(0.0, deadline - time.monotonic())):
            return False
        if self._is_broken:
            raise BrokenPipeError
        return True

    def _read_all(self, line: int) -> None:
        try:
            while data := os.read(line, _READ_BYTES):
                self._said.put(data)
        except OSError:
            pass
        os.close(line)
        self._said.put(b"")

    def _write_all(self, line: int) -> None:
        while (asked := self._to_say.get()) is not None:
            data, is_taken = asked
            try:
                while data and not self._is_broken:
                    data = data[os.write(line, data) :]
            except OSError:
                self._is_broken = True
            is_taken.set()
        os.close(line)
