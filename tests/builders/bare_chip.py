"""A chip whose instructions run in Unicorn, as far as the host sees it: bytes on the line of a UART."""

from __future__ import annotations

from abc import abstractmethod
from pathlib import Path

import unicorn
from tinyml_pipeline.errors import DeviceError
from tinyml_pipeline.host.device.device import Device

_IDLE_POLLS = 3


class BareChip(Device):
    """Runs while the host reads, until the firmware has looked in vain for bytes a few times.

    Whatever the firmware touches beyond what a subclass maps is a fault. What no subclass can show: a UART's speed.
    """

    def __init__(self, name: str, log: Path, fifo_bytes: int) -> None:
        super().__init__(name, log)
        self._fifo_bytes = fifo_bytes
        self._received, self._sent = bytearray(), bytearray()
        self._idle = 0
        self._trouble = ""

    @abstractmethod
    def power_on(self) -> tuple[unicorn.Uc, int]:
        """The machine, loaded, and where it begins, as Unicorn takes it."""

    @property
    @abstractmethod
    def program_counter(self) -> int: ...

    def open(self) -> None:
        self._machine, self._at = self.power_on()

    def close(self) -> None:
        self._received.clear()

    def write(self, data: bytes, timeout_s: float) -> None:
        assert len(self._received) + len(data) <= self._fifo_bytes or not self._received, "the chip would lose bytes"
        self._received += data

    def read(self, timeout_s: float) -> bytes:
        self._idle = 0
        self._machine.emu_start(self._at, 0)
        self._at = self.program_counter
        if self._trouble:
            raise DeviceError(self._trouble)
        said = bytes(self._sent)
        self._sent.clear()
        return said

    def stop(self, trouble: str) -> None:
        """End the run; the host is told why."""
        self._trouble = self._trouble or trouble
        self._machine.emu_stop()

    def waiting(self) -> int:
        """How many bytes wait; a firmware that asks in vain again and again has nothing to do."""
        self._idle = 0 if self._received else self._idle + 1
        if self._idle > _IDLE_POLLS:
            self._machine.emu_stop()
        return min(len(self._received), self._fifo_bytes)

    def take(self) -> int:
        return self._received.pop(0)

    def send(self, byte: int) -> None:
        self._sent.append(byte)
        self._idle = 0
