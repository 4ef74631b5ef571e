"""Faults on the line: every answer that a session returns is right, or it ends with a clear error."""

from __future__ import annotations

import fcntl
import os
import signal
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from tinyml_pipeline.boards.board import Board
from tinyml_pipeline.errors import DeviceError
from tinyml_pipeline.host.builders.bare_metal import FirmwareImage, build_firmware
from tinyml_pipeline.host.device.session import Session

from tests.device.noise import NoisyDevice, PressedDevice, ResettingDevice
from tests.device.test_device import running_with
from tests.firmware import MIXER, SHA256, board_here, mixed, mixer, run_on
from tests.tools import PATIENCE_S

# Through each of the first three lines, so that more than 100,000 are sent in all.
FRAMES = int(os.environ.get("NOISE_FRAMES", "40000"))
LAST_RESORT_S = 300.0  # for a test that hangs, never for one that is slow


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> tuple[Board, FirmwareImage]:
    board = board_here("host")
    return board, build_firmware(mixer(), MIXER, board, "verify", tmp_path_factory.mktemp("mixer"))


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LAST_RESORT_S
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def unread_bytes(pipe: int) -> int:
    """What lies in a pipe and was not read yet."""
    count = fcntl.ioctl(pipe, termios.FIONREAD, bytes(4))
    return int.from_bytes(count, sys.byteorder)


def vectors(count: int, seed: int) -> np.ndarray[tuple[int, int], np.dtype[np.int8]]:
    return np.random.default_rng(seed).integers(-128, 128, (count, 4)).astype(np.int8)


@pytest.mark.parametrize(
    ("per", "rate", "count"),
    [("frame", 0.01, FRAMES), ("frame", 0.10, FRAMES), ("byte", 0.01, FRAMES), ("byte", 0.10, FRAMES // 30)],
    ids=["frames_1_percent", "frames_10_percent", "bytes_1_percent", "bytes_10_percent"],
)
def test_no_wrong_output_is_accepted(
    per: Literal["frame", "byte"], rate: float, count: int, host: tuple[Board, FirmwareImage], tmp_path: Path
) -> None:
    inputs = vectors(count, 3)
    with NoisyDevice(run_on(*host, tmp_path), rate, per, 4, tmp_path / "noisy.log") as device:
        session = Session(device, timeout_s=PATIENCE_S, resend_after_s=0.02, attempts=2000)
        session.greet(SHA256)
        ran = session.invoke_many(inputs, batch=1)
    np.testing.assert_array_equal(ran.outputs, mixed(inputs))
    assert device.faults > 0
    assert ran.resent > 0
    assert device.frames >= 2 * count


def test_a_hopeless_line_ends_with_a_clear_error(host: tuple[Board, FirmwareImage], tmp_path: Path) -> None:
    with NoisyDevice(run_on(*host, tmp_path), 0.9, "byte", 4, tmp_path / "noisy.log") as device:
        session = Session(device, timeout_s=PATIENCE_S, resend_after_s=0.01, attempts=30)
        with pytest.raises(DeviceError, match=r"^host did not answer one frame in 30 attempts .* check the cable"):
            session.greet(SHA256)


def test_a_device_that_resets_in_the_middle(host: tuple[Board, FirmwareImage], tmp_path: Path) -> None:
    inputs = vectors(6000, 5)
    with ResettingDevice(run_on(*host, tmp_path), 3, tmp_path / "reset.log") as device:
        session = Session(device, resend_after_s=0.05)
        session.greet(SHA256)
        ran = session.invoke_many(inputs, batch=1)
    np.testing.assert_array_equal(ran.outputs, mixed(inputs))
    assert device.resets > 2


def test_a_chip_whose_reset_button_is_pressed_in_the_middle(tmp_path: Path) -> None:
    """The real firmware on a simulated ATmega328P, started again and again between two bytes."""
    board = board_here("sim-uno")
    image = build_firmware(mixer(), MIXER, board, "verify", tmp_path / "firmware")
    inputs = vectors(4000, 6)

    chip = run_on(board, image, tmp_path)
    presses = 0

    def press() -> None:
        nonlocal presses
        (process,) = running_with(str(image.elf))
        with open(f"/proc/{process}/fd/0", "rb") as line:
            wait_until(lambda: unread_bytes(line.fileno()) == 0)
        os.kill(process, signal.SIGUSR1)
        presses += 1
        wait_until(lambda: chip.log.read_text().count("reset by its button") == presses)

    with PressedDevice(chip, 50, 10, press, tmp_path / "pressed.log") as device:
        session = Session(device, resend_after_s=0.1)
        session.greet(SHA256)
        ran = session.invoke_many(inputs)
    np.testing.assert_array_equal(ran.outputs, mixed(inputs))
    assert (device.resets, ran.resent > 0) == (10, True)
