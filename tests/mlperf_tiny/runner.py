"""A small client of MLPerf Tiny's serial protocol: it sends and reads what the benchmark's runner does."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from tinyml_pipeline.host.device.device import Device

_TIMEOUT_S = 120.0
_BYTES_A_COMMAND = 31


@dataclass
class Runner:
    """Sends a command only after the answer to the one before has ended with m-ready."""

    device: Device
    _waiting: bytes = b""

    def answer(self) -> list[str]:
        """The lines up to m-ready, without it."""
        while b"m-ready\r\n" not in self._waiting:
            more = self.device.read(_TIMEOUT_S)
            assert more, f"no m-ready after: {self._waiting!r}"
            self._waiting += more
        said, self._waiting = self._waiting.split(b"m-ready\r\n", 1)
        return said.decode("ascii").split("\r\n")[:-1]

    def command(self, text: str) -> list[str]:
        self.device.write(f"{text}%".encode(), _TIMEOUT_S)
        return self.answer()

    def load(self, data: bytes) -> None:
        assert self.command(f"db load {len(data)}") == [f"m-[Expecting {len(data)} bytes]"]
        for start in range(0, len(data), _BYTES_A_COMMAND):
            lines = self.command(f"db {data[start : start + _BYTES_A_COMMAND].hex()}")
            is_last = start + _BYTES_A_COMMAND >= len(data)
            assert lines == (["m-load-done"] if is_last else []), start

    def loaded(self) -> bytes:
        lines = self.command("db print")
        assert all(line.startswith("m-buffer-") for line in lines)
        return bytes.fromhex("".join(line[len("m-buffer-") :].replace("-", "") for line in lines))

    def infer(self, times: int, warmups: int) -> tuple[npt.NDArray[np.float64], int]:
        """The results, and the microseconds between the two timestamps."""
        lines = self.command(f"infer {times} {warmups}")
        assert lines[:3] == [f"m-warmup-start-{warmups}", "m-warmup-done", f"m-infer-start-{times}"]
        first, second = (int(re.fullmatch(r"m-lap-us-(\d+)", line)[1]) for line in lines[3:5])  # type: ignore[index]
        assert lines[5] == "m-infer-done"
        assert lines[6:] == self.command("results")
        return _numbers(lines[6]), second - first


def _numbers(line: str) -> npt.NDArray[np.float64]:
    found = re.fullmatch(r"m-results-\[([^]]+)\]", line)
    assert found, line
    return np.array([float(word) for word in found[1].split(",")])
