"""Inputs and outputs of 9 to 64 KB: over a line of 115,200 baud, and on emulated boards."""

from __future__ import annotations

import heapq
import itertools
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from tinyml_pipeline.host.device import exchange
from tinyml_pipeline.host.device.device import Device
from tinyml_pipeline.host.device.protocol import ANSWER, FrameReader, Type, encode_frame
from tinyml_pipeline.host.device.session import Session

from tests.device.test_lying_device import greeting
from tests.firmware import board_here, build_tflite, run_on
from tests.oracle import run_tflm
from tests.tflite_writer import Writer


class SlowLine(Device):
    """A board behind 115,200 baud that answers its inputs, on a clock of the test's own: nobody waits."""

    def __init__(self, size: int, invoke_s: float, log: Path) -> None:
        super().__init__("slow", log)
        self.now, self._size, self._invoke_s = 0.0, size, invoke_s
        self._reader, self._on_the_way, self._free_at = FrameReader(), [], 0.0
        self._order = itertools.count()
        self.requests = 0

    def open(self) -> None: ...

    def close(self) -> None: ...

    def write(self, data: bytes, timeout_s: float) -> None:
        at = max(self.now, self._free_at)
        for start in range(0, len(data), 64):
            at += len(data[start : start + 64]) / self.bytes_per_s
            for frame in self._reader.feed(data[start : start + 64]):
                self._answer(frame, at)
        self._free_at = at

    def _answer(self, frame, at: float) -> None:
        payload = greeting(input_bytes=self._size, output_bytes=self._size, batch=1)
        if frame.type == Type.INVOKE:
            self.requests += 1
            payload = frame.payload + bytes(8)
            at += self._invoke_s
        answer = encode_frame(frame.type | ANSWER, frame.sequence, payload)
        for start in range(0, len(answer), 64):
            at += 64 / self.bytes_per_s
            heapq.heappush(self._on_the_way, (at, next(self._order), answer[start : start + 64]))

    def read(self, timeout_s: float) -> bytes:
        until = self.now + timeout_s
        if not self._on_the_way or self._on_the_way[0][0] > until:
            self.now = until
            return b""
        at, _, data = heapq.heappop(self._on_the_way)
        self.now = max(self.now, at)
        return data


@pytest.mark.parametrize("invoke_s", [0.0, 3.0])
@pytest.mark.parametrize("size", [4, 9_000, 16_384, 65_536])
def test_a_slow_line_is_not_taken_for_a_dead_one(
    size: int, invoke_s: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = SlowLine(size, invoke_s, tmp_path / "slow.log")
    monkeypatch.setattr(exchange, "time", SimpleNamespace(monotonic=lambda: device.now))
    inputs = np.random.default_rng(0).integers(-128, 128, (3, size)).astype(np.int8)
    ran = Session(device, timeout_s=10.0).invoke_many(inputs)
    np.testing.assert_array_equal(ran.outputs, inputs)
    if invoke_s == 0.0:
        assert (device.requests, ran.resent) == (3, 0)


@pytest.mark.parametrize(("name", "size"), [("host", 65_536), ("sim-cortex-m4", 9_216), ("sim-esp32c3", 9_216)])
def test_a_large_frame_on(name: str, size: int, tmp_path: Path) -> None:
    board, writer = board_here(name), Writer()
    source, output = writer.tensor((1, size), 0.05, 3), writer.tensor((1, size), 1 / 128, 0)
    writer.operation("TANH", [source], [output])
    tflite = writer.build([source], [output])
    inputs = np.random.default_rng(0).integers(-128, 128, (2, size)).astype(np.int8)
    image = build_tflite(tflite, board, "verify", tmp_path)
    with run_on(board, image, tmp_path) as device:
        ran = Session(device).invoke_many(inputs)
    np.testing.assert_array_equal(ran.outputs, run_tflm(tflite, [inputs])[0])
    assert ran.resent == 0
