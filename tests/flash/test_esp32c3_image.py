"""The ahead-of-time runtime as an image for the ESP32-C3: Espressif's own tool accepts it."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest

from pipeline.compiler.emit_c import compile_graph
from pipeline.compiler.read_tflite import read_tflite
from pipeline.compiler.target import Target
from pipeline.errors import UnsupportedError
from pipeline.flashers.esp32c3_image import AppImage, build_esp32c3_image
from pipeline.model_io import ModelInterface
from tests.firmware import MIXER, c_model, dense_tflite
from tests.tools import need, unavailable

DROM_PAGE = 0x3C010000  # the page after the code's


def build(folder: Path) -> AppImage:
    need("riscv64-unknown-elf-gcc", "gcc-riscv64-unknown-elf")
    try:
        import esptool  # noqa: F401
    except ImportError:
        unavailable("esptool is not installed (pip install esptool)")
    graph = read_tflite(dense_tflite())
    return build_esp32c3_image(
        compile_graph(graph, "dense", Target("rv32", "speed")), ModelInterface.of(graph), "dense", folder
    )


def test_esptool_accepts_it(tmp_path: Path) -> None:
    built = build(tmp_path)
    for line in ("Chip ID: 5 (ESP32-C3)", "Project name: dense", "MMU page size: 64 KB", "Flash size: 4MB"):
        assert line in built.info
    assert re.search(r"Checksum: 0x[0-9a-f]{2} \(valid\)", built.info)
    assert re.search(r"Validation hash: [0-9a-f]{64} \(valid\)", built.info)
    segments = re.findall(r"^ +\d +0x(\w+) +0x(\w+) +0x(\w+) +(\w+)", built.info, re.MULTILINE)
    assert [kind for *_, kind in segments] == ["DROM", "PADDING", "IROM"]
    for _, address, offset, kind in segments:
        if kind != "PADDING":  # the boot loader maps whole pages, so both must lie at the same place of a page
            assert (int(address, 16) - int(offset, 16)) % 0x10000 == 8


def test_the_description_comes_first_and_names_the_elf(tmp_path: Path) -> None:
    built = build(tmp_path)
    image = built.image.read_bytes()
    assert int.from_bytes(image[0x18:0x1C], "little") == DROM_PAGE + 0x20
    description = image[0x20:0x120]
    assert description[:4] == bytes.fromhex("3254cdab")
    assert description[0x30:0x50].rstrip(b"\0") == b"dense"
    assert description[0x90:0xB0] == hashlib.sha256(built.elf.read_bytes()).digest()


def test_the_same_model_gives_the_same_image(tmp_path: Path) -> None:
    assert build(tmp_path / "one").image.read_bytes() == build(tmp_path / "two").image.read_bytes()


def test_what_is_larger_than_the_chip_is_refused(tmp_path: Path) -> None:
    need("riscv64-unknown-elf-gcc", "gcc-riscv64-unknown-elf")
    body = """#include "model.h"
static volatile int8_t room[0x50000];
void model_invoke(const int8_t *in, int8_t *out)
{
    room[in[0] & 1] = 1;
    out[0] = room[2];
}
"""
    with pytest.raises(UnsupportedError) as caught:
        build_esp32c3_image(c_model(body), MIXER, "large", tmp_path)
    assert str(caught.value) == "esp32c3: the firmware of large is larger than the chip; choose a smaller model."
