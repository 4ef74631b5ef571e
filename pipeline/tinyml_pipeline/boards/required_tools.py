"""Which outside programs boards and tests need, which of them are missing, and the Debian package of each."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from tinyml_pipeline import tools
from tinyml_pipeline.boards.board import Board, QemuMachine, SimavrMachine, Tool
from tinyml_pipeline.boards.catalog import board_names, load_board

DEBIAN_ARDUINO = Path("/usr/share/arduino/hardware")
"""Where Debian puts the Arduino cores."""

_AVR = "AVR (Uno, Mega)"
_FAMILIES = {
    "": "this computer and the emulated AVR",
    "avr-": _AVR,
    "arm-none-eabi-": "Cortex-M (Nano 33 BLE, Pico, Nucleo)",
    "riscv64-unknown-elf-": "RISC-V (ESP32-C3)",
}
"""The boards that a compiler is for, by its prefix, as their owners call them."""

TEST_TOOLS = (
    Tool("make", "make", "run 'make test'"),
    Tool("cmake", "cmake", "test that CMake builds a library of models"),
    Tool("git", "git", "test that a git repository survives what is written into it"),
    Tool("clang", "clang", "test that a second compiler takes the generated C"),
    Tool("simavr", "simavr", "test kernels on an emulated AVR"),
    Tool(
        "arm-none-eabi-gcc",
        "libnewlib-arm-none-eabi",
        "test that the generated C compiles with a C library for Cortex-M",
        header="string.h",
    ),
)
"""What tests need in addition to what boards need; binutils, libc6-dev and coreutils come with the compilers."""


def required_tools(boards: Iterable[Board] | None = None) -> list[Tool]:
    """What some boards (all, where none are given) need to build and to run, each once."""
    if boards is None:
        boards = [load_board(name) for name in board_names()]
    needed: dict[tuple[str, str | None], Tool] = {}
    for board in boards:
        for tool in (*_tools_of(board), *_arduino_tools(board)):
            needed.setdefault((tool.program, tool.header), tool)
    return list(needed.values())


def is_installed(tool: Tool) -> bool:
    """Whether the program is on PATH and, for a header, finds it; a file must only be there."""
    if tool.file is not None:
        return os.path.exists(tool.file)
    path = tools.which(tool.program)
    if path is None or tool.header is None:
        return path is not None
    command = [path, "-E", "-include", tool.header, "-x", "c", os.devnull]
    return tools.run(command, timeout_s=30, check=False).returncode == 0


def missing_tools(board: Board) -> list[str]:
    """What one board lacks here, each as 'avr-gcc (package gcc-avr)'; empty where all is there."""
    if board.toolchain is not None and not board.toolchain.prefix and board.emulator is None:
        chosen = os.environ.get("CC")
        wanted = f"{chosen} (from $CC)" if chosen else "a C compiler (package gcc)"
        return [] if tools.host_compiler() else [wanted]
    missing = [tool for tool in _tools_of(board) if not is_installed(tool)]
    return [f"{tool.header or tool.program} (package {tool.package})" for tool in missing]


def _tools_of(board: Board) -> list[Tool]:
    toolchain, emulator = board.toolchain, board.emulator
    if toolchain is None:
        return []
    compiler = f"{toolchain.prefix}gcc"
    family = _FAMILIES[toolchain.prefix]
    building, running = f"build firmware for {family}", f"run firmware for {family}"
    needed = [Tool(compiler, toolchain.package, building)]
    if toolchain.headers_package is not None:
        needed.append(Tool(compiler, toolchain.headers_package, building, header="avr/io.h"))
    if isinstance(emulator, QemuMachine):
        needed.append(Tool(emulator.program, emulator.package, running))
    if isinstance(emulator, SimavrMachine):
        needed.append(Tool("gcc", "gcc", running))
        needed.append(Tool("gcc", emulator.package, running, header="simavr/sim_avr.h"))
    return needed


def _arduino_tools(board: Board) -> list[Tool]:
    """What Debian brings to build a whole sketch for a board, and to flash it; only parity and bench do without."""
    if board.arduino is None or not board.arduino.fqbn.startswith("arduino:avr:"):
        return []
    building = f"build sketches for {_AVR}"
    return [
        Tool("arduino-builder", "arduino-builder", building),
        Tool("arduino-core-avr", "arduino-core-avr", building, file=str(DEBIAN_ARDUINO / "arduino/avr/boards.txt")),
        Tool("avrdude", "avrdude", f"flash {_AVR}"),
    ]
