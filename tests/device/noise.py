"""A line that loses, doubles, cuts and flips: a device between the program and the true one."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from tinyml_pipeline.host.device.device import Device


class NoisyDevice(Device):
    """Passes on what `inner` says and hears. Of frames, or of bytes, a share of `rate` meets one of the four faults."""

    def __init__(self, inner: Device, rate: float, per: Literal["frame", "byte"], seed: int, log: Path) -> None:
        super().__init__(inner.name, log)
        self._inner, self._rate, self._per, self._random = inner, rate, per, random.Random(seed)
        self.frames = self.faults = 0

    def open(self) -> None:
        self._inner.__enter__()

    def close(self) -> None:
        self._inner.__exit__(None, None, None)

    def write(self, data: bytes, timeout_s: float) -> None:
        self._inner.write(self._spoil(data), timeout_s)

    def read(self, timeout_s: float) -> bytes:
        return self._spoil(self._inner.read(timeout_s))

    def _spoil(self, data: bytes) -> bytes:
        pieces = re.findall(rb"\0?[^\0]+\0?|\0", data)
        self.frames += len(pieces)
        if self._per == "byte":
            pieces = [data[i : i + 1] for i in range(len(data))]
        return b"".join(self._spoil_piece(piece) if self._random.random() < self._rate else piece for piece in pieces)

    def _spoil_piece(self, piece: bytes) -> bytes:
        self.faults += 1
        match self._random.randrange(4):
            case 0:
                return b""
            case 1:
                return piece * 2
            case 2:
                return piece[: self._random.randrange(len(piece) + 1)]
            case _:
                flipped = bytearray(piece)
                for _ in range(self._random.randint(1, 3)):
                    flipped[self._random.randrange(len(piece))] ^= 1 << self._random.randrange(8)
                return bytes(flipped)


class ResettingDevice(NoisyDevice):
    """Starts the device anew after every `every` writes, with all that was on its way lost."""

    def __init__(self, inner: Device, every: int, log: Path) -> None:
        super().__init__(inner, 0.0, "frame", 0, log)
        self._every, self._writes, self.resets = every, 0, 0

    def write(self, data: bytes, timeout_s: float) -> None:
        self._writes += 1
        if self._writes % self._every == 0:
            self.resets += 1
            self.close()
            self.open()
        super().write(data, timeout_s)


class PressedDevice(NoisyDevice):
    """Presses the reset button `times` times, at every `every`th write when half of it is through.

    `press` returns once the chip has taken in what was sent and has started anew.
    """

    def __init__(self, inner: Device, every: int, times: int, press: Callable[[], None], log: Path) -> None:
        super().__init__(inner, 0.0, "frame", 0, log)
        self._every, self._times, self._press = every, times, press
        self._writes = self.resets = 0

    def write(self, data: bytes, timeout_s: float) -> None:
        self._writes += 1
        if self._writes % self._every == 0 and self.resets < self._times:
            self.resets += 1
            super().write(data[: len(data) // 2], timeout_s)
            self._press()
            data = data[len(data) // 2 :]
        super().write(data, timeout_s)
