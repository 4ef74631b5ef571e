"""The one interface to whatever runs a firmware: a line of bytes with time limits, and a log."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, TypeVar

# 115,200 baud, the lowest that the firmware uses; no emulator, and no USB, is slower on an idle machine.
SLOWEST_BYTES_PER_S = 11_520

Self = TypeVar("Self", bound="Device")


class Device(ABC):
    """Opened by `with`; whatever was started is gone when the block ends, however it ends.

    `log` keeps what was started and all that it said outside of the protocol. `bytes_per_s` is what the line carries at
    least, each way. Where the log's folder goes away with the block, `is_log_kept` is false: no message names it then.
    """

    unheard = "does this firmware run on it, and is this its port?"
    """What to ask oneself where nothing at all comes from it."""
    resend_after_s = 1.0
    """How long it may be silent before a request is taken for lost."""
    line = "the cable and the baud rate"
    """What to check where bytes are lost or changed."""

    def __init__(self, name: str, log: Path) -> None:
        self.name = name
        self.log = log
        self._log_file: BinaryIO | None = None
        self.is_log_kept = True
        self.bytes_per_s = SLOWEST_BYTES_PER_S

    def __enter__(self: Self) -> Self:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self._log_file = self.log.open("ab", buffering=0)
        try:
            self.open()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.close()
        finally:
            if self._log_file is not None:
                self._log_file.close()
                self._log_file = None

    def note(self, line: str) -> None:
        """Write a line to the log."""
        if self._log_file is not None:
            self._log_file.write(line.encode(errors="replace") + b"\n")

    def log_hint(self) -> str:
        """The end of a message: where more is said, if it is still there when somebody reads that."""
        return f" Its log is {self.log}." if self.is_log_kept else ""

    @abstractmethod
    def open(self) -> None:
        """Start or join the device. Raises DeviceError or ToolMissingError."""

    @abstractmethod
    def close(self) -> None:
        """Let go of it; does nothing where it is not open."""

    @abstractmethod
    def write(self, data: bytes, timeout_s: float) -> None:
        """Send all bytes; DeviceError where the device is gone or takes none for `timeout_s`."""

    @abstractmethod
    def read(self, timeout_s: float) -> bytes:
        """Whatever has come, after at most `timeout_s`; empty where nothing has. DeviceError where it is gone."""
