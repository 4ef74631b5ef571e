"""Every board's declaration, and the smallest firmware built from it."""

from __future__ import annotations

from pathlib import Path

import pytest
from tinyml_pipeline.boards.board import Board, QemuMachine
from tinyml_pipeline.boards.catalog import board_names, load_board
from tinyml_pipeline.boards.required_tools import required_tools
from tinyml_pipeline.compiler.source_tree import SourceTree
from tinyml_pipeline.errors import ToolFailedError, UnsupportedError, UsageError
from tinyml_pipeline.host.builders.bare_metal import build_firmware
from tinyml_pipeline.runtimes.tflm_libraries import LIBRARIES

from tests.firmware import MIXER, board_here, build_tflite, c_model, linear_tflite, mixer

EMULATED = [name for name in board_names() if load_board(name).emulator is not None]
REAL = ["uno", "mega2560", "nano33ble", "esp32", "esp32s3", "esp32c3", "esp8266", "pico", "pico2", "nucleo-f446re"]
# Flash of the start-up code with an empty main: what every firmware pays. README and reports quote these.
START_UP_LIMIT = {"sim-uno": 62, "sim-esp32c3": 96, "sim-cortex-m55": 96}  # the last switches its vectors on
START_UP_LIMIT_CORTEX_M = 72


def test_the_boards_that_are_promised_are_there() -> None:
    emulated = {"host", "sim-esp32c3", "sim-uno", *(f"sim-cortex-m{core}" for core in (0, 3, 4, 7, 33, 55))}
    assert emulated | set(REAL) <= set(board_names())


@pytest.mark.parametrize("name", REAL)
def test_a_real_board_says_how_it_is_built_and_flashed(name: str) -> None:
    board = load_board(name)
    assert board.emulator is None
    assert board.arduino is not None
    assert board.platformio is not None
    assert board.flashing is not None
    assert board.runtimes[0] == "aot"
    assert board.tflm_library is None or board.tflm_library in LIBRARIES
    assert 0 < board.usable_flash_bytes <= board.flash_bytes
    assert (board.toolchain is None) == (board.port is None) == board.core.startswith("Xtensa")


@pytest.mark.parametrize("name", ["uno", "mega2560", "nano33ble", "esp32c3", "pico", "pico2", "nucleo-f446re"])
def test_a_real_board_with_a_compiler_in_debian_is_measured(name: str, tmp_path: Path) -> None:
    image = build_tflite(linear_tflite(), board_here(name), "bench", tmp_path)
    assert (image.code_bytes + image.constant_bytes < 600, image.ram_bytes <= 8, image.warnings) == (True, True, "")


def test_a_board_without_a_compiler_in_debian_names_the_way(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedError) as caught:
        build_tflite(linear_tflite(), load_board("esp32"), "bench", tmp_path)
    assert str(caught.value) == (
        "esp32: there is no compiler for Xtensa LX6 among Debian's packages; build its firmware with arduino-cli or"
        " PlatformIO."
    )


@pytest.mark.parametrize("name", board_names())
def test_a_declaration_is_whole(name: str) -> None:
    board = load_board(name)
    assert board.name == name
    assert board.source
    assert board.flash_bytes > 0
    assert board.ram_bytes > 0
    assert (board.counter == "instructions") == isinstance(board.emulator, QemuMachine), "QEMU counts no cycles"


@pytest.mark.parametrize(
    ("name", "message"),
    {
        "close": ("sim-cortex-m5", "there is no board 'sim-cortex-m5'. Did you mean 'sim-cortex-m"),
        "far": ("zx81", f"there is no board 'zx81'. There are: {', '.join(board_names())}."),
    }.values(),
    ids=["close", "far"],
)
def test_an_unknown_board_is_refused_with_what_there_is(name: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        load_board(name)
    assert str(caught.value).startswith(message)


def test_required_tools_names_each_once_with_its_package() -> None:
    tools = required_tools()
    packages = {tool.package for tool in tools}
    assert {"gcc-arm-none-eabi", "gcc-riscv64-unknown-elf", "gcc-avr", "avr-libc", "libsimavr-dev"} <= packages
    assert {"qemu-system-arm", "qemu-system-misc", "arduino-builder", "arduino-core-avr", "avrdude"} <= packages
    assert len({(tool.program, tool.header) for tool in tools}) == len(tools)


@pytest.mark.parametrize("name", EMULATED)
def test_start_up_code_is_small_and_compiles_without_a_warning(name: str, tmp_path: Path) -> None:
    image = build_firmware(SourceTree(), MIXER, board_here(name), "bare", tmp_path)
    assert image.flash_bytes <= START_UP_LIMIT.get(name, START_UP_LIMIT_CORTEX_M)
    assert (image.ram_bytes, image.warnings) == (0, "")


@pytest.mark.parametrize("name", EMULATED)
def test_flash_is_startup_code_and_constants(name: str, tmp_path: Path) -> None:
    board = board_here(name)
    image = build_tflite(linear_tflite(), board, "bench", tmp_path)
    assert image.flash_bytes == image.startup_bytes + image.code_bytes + image.constant_bytes
    assert image.flash_bytes < 800
    assert image.ram_bytes <= 8


def test_the_protocol_takes_less_than_100_bytes_of_an_uno(tmp_path: Path) -> None:
    image = build_firmware(mixer(), MIXER, board_here("sim-uno"), "verify", tmp_path)
    assert image.ram_bytes - MIXER.input_bytes - MIXER.output_bytes < 100


def test_a_model_that_does_not_fit_is_refused_with_the_bytes(tmp_path: Path) -> None:
    board = board_here("sim-uno")
    large = c_model('#include "model.h"\nvolatile char big[3000];\nvoid model_invoke(const int8_t *in, int8_t *out)'
                    "\n{\n    out[0] = in[0] + big[0];\n}\n")  # fmt: skip
    with pytest.raises(UnsupportedError) as caught:
        build_firmware(large, MIXER, board, "bench", tmp_path)
    assert str(caught.value) == (
        "sim-uno: the bench firmware needs 3,008 bytes of RAM, 960 more than there are; choose a smaller model or a"
        " larger board."
    )


def test_an_error_of_the_compiler_is_shown(tmp_path: Path) -> None:
    with pytest.raises(ToolFailedError, match=r"gcc could not build the bench firmware for host:\n(.|\n)*error:"):
        build_firmware(c_model("nonsense\n"), MIXER, board_here("host"), "bench", tmp_path)


def test_boards_are_frozen() -> None:
    board: Board = load_board("host")
    with pytest.raises(AttributeError):
        board.name = "other"  # type: ignore[misc]


@pytest.mark.parametrize("name", [*REAL, *EMULATED])
def test_every_board_stands_in_the_docs(name: str) -> None:
    assert f"`{name}`" in (Path(__file__).parents[2] / "docs" / "boards.md").read_text()
