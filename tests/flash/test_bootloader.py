"""A real flash: avrdude, through Optiboot on a simulated ATmega328P behind a pseudo-terminal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tinyml_pipeline.boards.board import Avrdude
from tinyml_pipeline.errors import DeviceError
from tinyml_pipeline.host.builders.bare_metal import FirmwareImage, build_firmware
from tinyml_pipeline.host.device.serial_port import SerialDevice
from tinyml_pipeline.host.device.session import Session
from tinyml_pipeline.host.flashers import avrdude
from tinyml_pipeline.host.flashers.flasher import carry_out

from tests.firmware import MIXER, SHA256, board_here, mixed, mixer
from tests.flash.boards import factory_uno

UNO = Avrdude("arduino", "atmega328p", 115200)


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> FirmwareImage:
    return build_firmware(mixer(), MIXER, board_here("sim-uno"), "verify", tmp_path_factory.mktemp("mixer"))


@pytest.fixture
def port(tmp_path: Path) -> Iterator[str]:
    with factory_uno(tmp_path) as name:
        yield name


def test_avrdude_writes_and_verifies_and_the_firmware_runs(port: str, image: FirmwareImage, tmp_path: Path) -> None:
    printed: list[str] = []
    carry_out(avrdude.plan(UNO, image.elf, "uno", port), printed.append)
    assert f"avrdude: {image.flash_bytes} bytes of flash verified" in "".join(printed)
    inputs = np.random.default_rng(2).integers(-128, 128, (300, 4)).astype(np.int8)
    for _ in range(2):  # each opening resets the chip, and the boot loader starts the firmware again
        with SerialDevice("uno", port, tmp_path / "serial.log") as device:
            session = Session(device)
            session.greet(SHA256)
            np.testing.assert_array_equal(session.invoke_many(inputs).outputs, mixed(inputs))


def test_a_firmware_is_replaced(port: str, image: FirmwareImage, tmp_path: Path) -> None:
    other = replace(MIXER, sha256="cd" * 32)
    second = build_firmware(mixer(), other, board_here("sim-uno"), "verify", tmp_path / "second")
    for elf, sha256 in ((image.elf, SHA256), (second.elf, "cd" * 32)):
        carry_out(avrdude.plan(UNO, elf, "uno", port), lambda text: None)
        with SerialDevice("uno", port, tmp_path / "serial.log") as device:
            assert Session(device).greet().sha256 == sha256


def test_another_chip_is_refused(port: str, image: FirmwareImage) -> None:
    plan = avrdude.plan(Avrdude("arduino", "atmega2560", 115200), image.elf, "mega2560", port)
    with pytest.raises(DeviceError) as caught:
        carry_out(plan, lambda text: None)
    assert str(caught.value).startswith(
        f"mega2560 was not flashed: the chip behind {port} is no ATmega2560; choose the board that is really there with"
        " --board. (avrdude: avrdude error: expected signature for ATmega2560 is 1E 98 01"
    )
