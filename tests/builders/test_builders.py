"""arduino-cli and PlatformIO, played by scripts: how they are called, and what is taken from them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tinyml_pipeline.boards.catalog import load_board
from tinyml_pipeline.errors import ToolFailedError, UnsupportedError, UsageError
from tinyml_pipeline.host.builders.sketch import BUILDERS, ArduinoCli, PlatformIOBuilder
from tinyml_pipeline.quantization.quantized_model import load_quantized
from tinyml_pipeline.runtimes.c_names import c_identifier
from tinyml_pipeline.workflow.build import build_one

from tests.firmware import board_here, linear_tflite
from tests.opened import open_in, opened

SIZES = """echo "Sketch uses 272048 bytes (20%) of program storage space. Maximum is 1310720 bytes."
echo "Global variables use 21072 bytes (6%) of dynamic memory, leaving 306608 bytes. Maximum is 327680 bytes."
"""


def play(program: str, script: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a shell script on PATH under the program's name; it keeps its arguments in the file that is returned."""
    path, called = folder / "bin" / program, folder / "called"
    path.parent.mkdir(exist_ok=True)
    path.write_text(f'#!/bin/sh\necho "$@" > {called}\n{script}')
    path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{path.parent}{os.pathsep}{os.environ['PATH']}")
    return called


@pytest.fixture
def sketch(tmp_path: Path) -> Path:
    folder = tmp_path / "neuron"
    (folder / ".pio").mkdir(parents=True)
    (folder / "neuron.ino").write_text("void setup() {}\n")
    return folder


def test_arduino_cli_builds_the_profile(sketch: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = "elf bin bootloader.bin partitions.bin merged.bin map with_bootloader.hex"
    script = f'for suffix in {files}; do touch "$6/neuron.ino.$suffix"; done\n{SIZES}'
    place = tmp_path / "place"
    place.mkdir()
    called = play("arduino-cli", script, tmp_path, monkeypatch)
    assert not ArduinoCli().missing()
    built = ArduinoCli().build(sketch, load_board("esp32"), place)
    assert (built.flash_bytes, built.ram_bytes) == (272_048, 21_072)
    assert set(built.files) == {".elf", ".bin", ".bootloader.bin", ".partitions.bin", ".merged.bin"}
    assert called.read_text() == f"compile --no-color --profile esp32 --output-dir {place} {sketch}\n"


def test_platformio_builds_a_copy(sketch: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = """out="$3/.pio/build/uno"; mkdir -p "$out"; touch "$out/firmware.elf" "$out/firmware.hex"
echo "RAM:   [==        ]  18.0% (used 368 bytes from 2048 bytes)"
echo "Flash: [===       ]  31.3% (used 10094 bytes from 32256 bytes)"
"""
    called = play("pio", script, tmp_path, monkeypatch)
    built = PlatformIOBuilder().build(sketch, load_board("uno"), tmp_path / "place")
    assert (built.flash_bytes, built.ram_bytes) == (10_094, 368)
    assert set(built.files) == {".elf", ".hex"}
    assert called.read_text() == f"run --project-dir {tmp_path / 'place' / 'neuron'}\n"
    assert list((sketch / ".pio").iterdir()) == [], "the user's own folder is left alone"


@pytest.mark.parametrize(
    ("script", "error", "message"),
    {
        "its words": (
            "echo 'Error: no such board' >&2; exit 1",
            ToolFailedError,
            "arduino-cli could not build the firmware for pico:\nError: no such board",
        ),
        "no sizes": ("exit 0", ToolFailedError, "the build did not say how large the firmware is."),
        "no elf": (SIZES, ToolFailedError, "the build left no .elf file."),
        "too large": (
            "cat >&2 <<'END'\nld: region `RAM' overflowed by 4242 bytes\nEND\nexit 1",
            UnsupportedError,
            "pico: the firmware needs 4,242 bytes more than there are in the region 'RAM'; choose a smaller model or"
            " a larger board.",
        ),
    }.values(),
    ids=["its words", "no sizes", "no elf", "too large"],
)
def test_what_goes_wrong_is_said(
    script: str, error: type[Exception], message: str, sketch: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    play("arduino-cli", script, tmp_path, monkeypatch)
    with pytest.raises(error) as caught:
        ArduinoCli().build(sketch, load_board("pico"), tmp_path)
    assert str(caught.value) == message


def test_a_first_build_without_the_internet_says_what_it_needs(
    sketch: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tinyml_pipeline.host.builders.sketch.cache_dir", lambda name: tmp_path)
    play("pio", "echo Platform Manager: Installing; echo HTTPClientError: >&2; exit 1", tmp_path, monkeypatch)
    with pytest.raises(ToolFailedError) as caught:
        PlatformIOBuilder().build(sketch, load_board("uno"), tmp_path / "place")
    assert str(caught.value) == (
        "platformio could not download what uno needs: the first build for a board fetches its core and compiler, and"
        f" needs the Internet. Log: {tmp_path / 'platformio-uno.log'}"
    )
    assert (tmp_path / "platformio-uno.log").read_text() == "Platform Manager: Installing\nHTTPClientError:\n"


def test_a_firmware_beyond_the_board_is_an_error_before_flashing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = tmp_path / "neuron.tflite"
    model.write_bytes(linear_tflite())
    script = 'touch "$6/neuron.ino.elf"\n' + SIZES.replace("272048", "1400000")
    play("arduino-cli", script, tmp_path, monkeypatch)
    with pytest.raises(UnsupportedError) as caught:
        build_one(open_in(tmp_path / "art", str(model)), load_board("esp32"))
    assert str(caught.value) == (
        "esp32: the firmware of neuron needs 1,400,000 bytes of flash, 89,280 more than there are; choose a smaller"
        " model or a larger board."
    )
    assert not (tmp_path / "art/neuron/build").exists()


def test_static_data_beyond_those_of_an_esp32(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the linker refuses them, and where a tool counts them against all of the RAM."""
    model = tmp_path / "neuron.tflite"
    model.write_bytes(linear_tflite())
    linker = 'echo "ld: region \\`dram0_0_seg\' overflowed by 5420 bytes" >&2; exit 1'
    counted = 'touch "$6/neuron.ino.elf"\n' + SIZES.replace("use 21072", "use 130000")
    for script in (linker, counted):
        play("arduino-cli", script, tmp_path, monkeypatch)
        with pytest.raises(UnsupportedError, match="130,000 bytes of RAM for static data, 5,420 more than there are;"):
            build_one(open_in(tmp_path / "art", str(model)), load_board("esp32"))


def test_what_needs_no_network_builds_first() -> None:
    names = {
        name: [builder.name for builder in BUILDERS if builder.can_build(load_board(name))] for name in ("uno", "pico2")
    }
    assert names == {"uno": ["arduino-builder", "arduino-cli", "platformio"], "pico2": ["arduino-cli", "platformio"]}
    with pytest.raises(
        UsageError, match=r"^pico2 is not built by 'arduino-builder'; choose one of: arduino-cli, platf"
    ):
        build_one(opened(load_quantized(linear_tflite(), "linear")), load_board("pico2"), tool="arduino-builder")


def test_a_name_with_dots_and_blanks(tmp_path: Path) -> None:
    model = tmp_path / "My model.v2.tflite"
    model.write_bytes(linear_tflite())
    built = build_one(open_in(tmp_path / "art", str(model)), board_here("sim-cortex-m3"))
    assert built.elf.name == f"{c_identifier('My model.v2')}.elf"
    assert built.elf.exists()
