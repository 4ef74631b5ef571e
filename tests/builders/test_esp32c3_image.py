"""The ahead-of-time runtime as an image for the ESP32-C3: built by the real compiler, accepted by Espressif's tool."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import numpy as np
import pytest
from tinyml_pipeline.errors import UnsupportedError
from tinyml_pipeline.host.builders.bare_metal import build_firmware
from tinyml_pipeline.host.builders.esp32c3_image import AppImage, make_app_image
from tinyml_pipeline.host.device.protocol import Unit
from tinyml_pipeline.host.device.session import Session
from tinyml_pipeline.host.interpreters.tflm import TflmInterpreter
from tinyml_pipeline.quantization.quantized_model import load_quantized
from tinyml_pipeline.workflow.build import Built, build_one

from tests.builders.esp32c3_machine import Esp32c3
from tests.firmware import MIXER, board_here, build_tflite, c_model, dense_tflite, linear_tflite
from tests.opened import open_in
from tests.tools import unavailable

DROM_PAGE = 0x3C010000  # the page after the code's


def build(folder: Path) -> tuple[Path, AppImage]:
    need_esptool()
    elf = build_tflite(dense_tflite(), board_here("esp32c3"), "verify", folder).elf
    return elf, make_app_image(elf, folder / "app.bin")


def need_esptool() -> None:
    try:
        import esptool  # noqa: F401
    except ImportError:
        unavailable("esptool is not installed (pip install esptool)")


def test_esptool_accepts_it(tmp_path: Path) -> None:
    _, built = build(tmp_path)
    for line in ("Chip ID: 5 (ESP32-C3)", "Project name: tinyml-pipeline", "MMU page size: 64 KB", "Flash size: 4MB"):
        assert line in built.info
    assert re.search(r"Checksum: 0x[0-9a-f]{2} \(valid\)", built.info)
    assert re.search(r"Validation hash: [0-9a-f]{64} \(valid\)", built.info)
    segments = re.findall(r"^ +\d +0x(\w+) +0x(\w+) +0x(\w+) +(\w+)", built.info, re.MULTILINE)
    assert [kind for *_, kind in segments] == ["DROM", "PADDING", "IROM"]
    for _, address, offset, kind in segments:
        if kind != "PADDING":  # the boot loader maps whole pages, so both must lie at the same place of a page
            assert (int(address, 16) - int(offset, 16)) % 0x10000 == 8


@pytest.mark.parametrize("statements", [0, 1000])
def test_code_of_any_length_is_one_segment(statements: int, tmp_path: Path) -> None:
    """Up to 2 KB of code, the start-up calls main() by two bytes instead of four."""
    need_esptool()
    body = f"""#include "model.h"
static volatile int8_t room;
void model_invoke(const int8_t *in, int8_t *out)
{{
{"    room = in[0];" * statements}
    out[0] = room;
}}
"""
    elf = build_firmware(c_model(body), MIXER, board_here("esp32c3"), "verify", tmp_path).elf
    info = make_app_image(elf, tmp_path / "app.bin").info
    assert re.findall(r"^ +\d +(?:0x\w+ +){3}(\w+)", info, re.MULTILINE) == ["DROM", "PADDING", "IROM"]


def test_the_description_comes_first_and_names_the_elf(tmp_path: Path) -> None:
    elf, built = build(tmp_path)
    image = built.image.read_bytes()
    assert int.from_bytes(image[0x18:0x1C], "little") == DROM_PAGE + 0x20
    description = image[0x20:0x120]
    assert description[:4] == bytes.fromhex("3254cdab")
    assert description[0x30:0x50].rstrip(b"\0") == b"tinyml-pipeline"
    assert description[0x90:0xB0] == hashlib.sha256(elf.read_bytes()).digest()


def test_the_same_model_gives_the_same_image(tmp_path: Path) -> None:
    one, two = (build(tmp_path / name)[1].image.read_bytes() for name in ("one", "two"))
    assert one == two


def test_what_is_larger_than_the_chip_is_refused(tmp_path: Path) -> None:
    body = """#include "model.h"
static volatile int8_t room[0x60000];
void model_invoke(const int8_t *in, int8_t *out)
{
    room[in[0] & 1] = 1;
    out[0] = room[2];
}
"""
    with pytest.raises(UnsupportedError, match=r"^esp32c3: the verify firmware needs 39\d,\d{3} bytes of RAM, "):
        build_firmware(c_model(body), MIXER, board_here("esp32c3"), "verify", tmp_path)


@pytest.fixture
def without_arduino(monkeypatch: pytest.MonkeyPatch) -> None:
    """A computer that has compilers, but neither arduino-cli nor PlatformIO."""
    monkeypatch.setattr("tinyml_pipeline.workflow.build.BUILDERS", ())


@pytest.mark.usefixtures("without_arduino")
def test_build_makes_it_where_no_arduino_tool_is_installed(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    need_esptool()
    board, tflite = board_here("esp32c3"), tmp_path / "dense.tflite"
    tflite.write_bytes(dense_tflite())
    built: Built = build_one(open_in(tmp_path / "art", str(tflite)), board)
    assert (built.record.tool, built.record.is_sketch, set(built.files)) == ("gcc", False, {".elf", ".bin"})
    assert built.record.flash_bytes == built.files[".bin"].stat().st_size
    assert capfd.readouterr().err.split("\n")[-2] == (
        "esp32c3: built by gcc alone, so this is not a sketch; it answers 'tinyml verify' at 115200 baud, once the chip"
        " has the boot loader of any Arduino or ESP-IDF program."
    )


@pytest.mark.parametrize(
    ("tflite", "vectors"), [(linear_tflite(), 256), (dense_tflite(), 400)], ids=["neuron", "dense"]
)
def test_the_image_answers_as_tflm_does(tflite: bytes, vectors: int, tmp_path: Path) -> None:
    """Its segments where the boot loader puts them, its instructions in an emulator of the processor alone."""
    need_esptool()
    image = make_app_image(build_tflite(tflite, board_here("esp32c3"), "verify", tmp_path).elf, tmp_path / "app.bin")
    model = load_quantized(tflite, "test")
    every = np.arange(-128, 128, dtype=np.int8).reshape(-1, 1)
    random = np.random.default_rng(1).integers(-128, 128, (vectors, model.inputs[0].size)).astype(np.int8)
    inputs = every if model.inputs[0].size == 1 else random
    with Esp32c3(image.image, tmp_path / "device.log") as device:
        session = Session(device)
        greeting = session.greet(model.sha256)
        found = session.invoke_many(inputs)
    [expected] = TflmInterpreter(tflite).invoke([inputs.reshape(-1, *model.inputs[0].shape)])
    np.testing.assert_array_equal(found.outputs, expected.reshape(len(inputs), -1))
    assert (greeting.unit, greeting.clock_hz, found.resent) == (Unit.CYCLES, 0, 0)
