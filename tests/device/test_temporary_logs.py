"""Where a device's log lies in a folder that goes away, no message names it: in `parity`, `bench` and the API."""

from __future__ import annotations

import itertools
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import tinyml_pipeline as tinyml
from tinyml_pipeline.boards.catalog import load_board
from tinyml_pipeline.errors import DeviceError
from tinyml_pipeline.host.device import exchange, serial_port
from tinyml_pipeline.quantization.quantized_model import QuantizedModel, load_quantized
from tinyml_pipeline.workflow import chips

from tests.device.test_lying_device import LyingDevice
from tests.firmware import linear_tflite

SILENCE = "liar did not answer within 20 s: nothing came; does this firmware run on it, and is this its port?"


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> QuantizedModel:
    """And a clock that moves a second whenever it is looked at."""
    ticks = itertools.count()
    monkeypatch.setattr(exchange, "time", SimpleNamespace(monotonic=lambda: next(ticks)))
    return load_quantized(linear_tflite(), "neuron")


def silent_device(log: Path) -> LyingDevice:
    return LyingDevice(lambda frame: b"", log)


def test_of_an_emulator(model: QuantizedModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chips, "build_firmware", lambda *built: SimpleNamespace(elf=Path("no.elf")))
    monkeypatch.setattr(chips, "emulate", lambda board, elf, log, cache_dir, plugin: silent_device(log))
    with pytest.raises(DeviceError) as caught, chips.running(model, load_board("host")):
        pass
    assert str(caught.value) == SILENCE


def test_of_a_board_in_python(model: QuantizedModel, monkeypatch: pytest.MonkeyPatch) -> None:
    def serial_device(name: str, port: str, log: Path) -> Any:
        return silent_device(log)

    monkeypatch.setattr(serial_port, "SerialDevice", serial_device)
    with pytest.raises(DeviceError) as caught, tinyml.connect("uno", "COM3") as board:
        board.run(model, np.zeros((1, 1), np.float32))
    assert str(caught.value) == SILENCE
