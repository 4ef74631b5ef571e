"""Real boards' firmware by the bare compiler: what it is made of; on what plays them it answers as TFLM does."""

from __future__ import annotations

import dataclasses
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tinyml_pipeline.boards.board import QemuMachine
from tinyml_pipeline.host.builders.uf2_image import uf2_image
from tinyml_pipeline.host.device.device import Device
from tinyml_pipeline.host.device.emulators import emulate
from tinyml_pipeline.host.device.protocol import Unit
from tinyml_pipeline.host.device.session import Session
from tinyml_pipeline.host.interpreters.tflm import TflmInterpreter
from tinyml_pipeline.model_io import ModelInterface
from tinyml_pipeline.quantization.quantized_model import load_quantized
from tinyml_pipeline.workflow.build import Built, build_one

from tests.builders.rp2_machine import DEFINITION, RP2040, RP2350, Chip, Rp2, crc32, flash_of
from tests.firmware import board_here, dense_tflite
from tests.opened import open_in
from tests.tools import need

NUCLEO = QemuMachine("qemu-system-arm", "qemu-system-arm", "netduinoplus2", icount_shift=0, options=("-serial", "null"))
"""An STM32F405: memory and USARTs as in the F446, clocks that never come."""


def built(board: str, folder: Path) -> Built:
    tflite = folder / "dense.tflite"
    tflite.write_bytes(dense_tflite())
    return build_one(open_in(folder / "art", str(tflite)), board_here(board), tool="gcc")


def answers_as_tflm(device: Device, unit: Unit) -> tuple[int, int]:
    """The counts of the fastest and the slowest of 300 inferences."""
    model = load_quantized(dense_tflite(), "dense", "")
    inputs = np.random.default_rng(1).integers(-128, 128, (300, 3)).astype(np.int8)
    session = Session(device)
    greeting = session.greet(ModelInterface.of(model.graph))
    found = session.invoke_many(inputs)
    [expected] = TflmInterpreter(model.tflite).invoke([inputs])
    np.testing.assert_array_equal(found.outputs, expected.reshape(len(inputs), -1))
    assert (greeting.unit, greeting.clock_hz) == (unit, 0)
    return found.fewest, found.most


def test_a_nucleo_answers_though_no_clock_comes(tmp_path: Path) -> None:
    need("qemu-system-arm", "qemu-system-arm")
    firmware = built("nucleo-f446re", tmp_path)
    assert set(firmware.files) == {".elf", ".bin"}
    played = dataclasses.replace(firmware.board, emulator=NUCLEO)
    with emulate(played, firmware.elf, log=tmp_path / "log", cache_dir=tmp_path) as device:
        answers_as_tflm(device, Unit.CYCLES)


def test_a_nucleos_flash_begins_with_stack_and_reset(tmp_path: Path) -> None:
    firmware = built("nucleo-f446re", tmp_path)
    stack, reset = struct.unpack_from("<II", firmware.files[".bin"].read_bytes())
    assert stack == 0x20000000 + firmware.board.ram_bytes
    assert (reset & 1, reset >> 16) == (1, 0x0800)
    assert firmware.files[".bin"].stat().st_size == firmware.record.flash_bytes


@pytest.mark.parametrize(
    ("chip", "unit", "hertz"), [(RP2040, Unit.MICROSECONDS, 125e6), (RP2350, Unit.CYCLES, 150e6)], ids=["pico", "pico2"]
)
def test_a_pico_boots_from_its_uf2_and_answers(chip: Chip, unit: Unit, hertz: float, tmp_path: Path) -> None:
    firmware = built(chip.name, tmp_path)
    assert set(firmware.files) == {".elf", ".bin", ".uf2"}
    with Rp2(chip, firmware.files[".uf2"], tmp_path / "log") as device:
        fewest, most = answers_as_tflm(device, unit)
        assert 0 < fewest < most, "the counter runs faster and faster"
        assert device.system_hz == hertz == firmware.board.clock_hz
        assert device.baud == pytest.approx(115200, rel=0.002)


def test_a_uf2_carries_the_program_and_zeros_behind_it(tmp_path: Path) -> None:
    program = bytes(range(256)) * 3 + b"end"
    flash = flash_of(uf2_image(program, 0x10000000, RP2040.family), RP2040)
    assert flash == program + bytes(4 * 256 - len(program))


def without_second_stage(flash: bytearray) -> None:
    flash[10] ^= 1


def without_definition(flash: bytearray) -> None:
    at = flash.find(DEFINITION)
    flash[at] ^= 1


@pytest.mark.parametrize(
    ("chip", "spoil"), [(RP2040, without_second_stage), (RP2350, without_definition)], ids=["pico", "pico2"]
)
def test_the_boot_rom_would_notice(chip: Chip, spoil: Callable[[bytearray], None], tmp_path: Path) -> None:
    firmware = built(chip.name, tmp_path)
    flash = bytearray(firmware.files[".bin"].read_bytes())
    spoil(flash)
    (tmp_path / "spoilt.uf2").write_bytes(uf2_image(bytes(flash), 0x10000000, chip.family))
    with (
        pytest.raises(AssertionError, match="the boot ROM would not"),
        Rp2(chip, tmp_path / "spoilt.uf2", tmp_path / "log"),
    ):
        pass


def test_the_checksum_is_the_data_sheets() -> None:
    """CRC-32/MPEG-2; its check value over the digits is that of the catalogues of checksums."""
    assert crc32(b"123456789") == 0x0376E6E7
