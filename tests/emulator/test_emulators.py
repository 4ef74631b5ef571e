"""Models on every emulated board, built with its real compiler: outputs against TFLM, counts against the emulator's."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from tinyml_pipeline import tools
from tinyml_pipeline.boards.board import Board, QemuMachine, SimavrMachine
from tinyml_pipeline.boards.catalog import board_names, load_board
from tinyml_pipeline.compiler.read_tflite import read_tflite
from tinyml_pipeline.compiler.source_tree import SourceTree
from tinyml_pipeline.errors import DeviceError
from tinyml_pipeline.host.builders.bare_metal import FirmwareImage, ModelInterface, build_firmware
from tinyml_pipeline.host.device.emulators import build_simavr_bridge, qemu_command
from tinyml_pipeline.host.device.measure import measure
from tinyml_pipeline.host.device.protocol import Unit
from tinyml_pipeline.host.device.session import Session
from tinyml_pipeline.host.interpreters.tflm import TflmInterpreter

from tests.firmware import (
    MIXER,
    SHA256,
    board_here,
    build_tflite,
    c_model,
    dense_tflite,
    linear_tflite,
    mixed,
    mixer,
    run_on,
)
from tests.tools import PATIENCE_S

RUNNABLE = [name for name in board_names() if load_board(name).emulator is not None or name == "host"]
COUNTED = ["sim-cortex-m0", "sim-cortex-m4", "sim-cortex-m33", "sim-cortex-m55", "sim-esp32c3", "sim-uno"]
MOST_TRACED = 5_000_000  # instructions from reset to the return of the one call; a firmware that hangs ends there


def tflm(tflite: bytes, inputs: npt.NDArray[np.int8]) -> npt.NDArray[np.int8]:
    return TflmInterpreter(tflite).invoke([inputs])[0].reshape(len(inputs), -1)


@pytest.mark.parametrize("name", RUNNABLE)
def test_outputs_are_tflms(name: str, tmp_path: Path) -> None:
    """linear on all of its 256 inputs, and a deeper network on random ones."""
    board, rng = board_here(name), np.random.default_rng(1)
    every = np.arange(-128, 128, dtype=np.int8)[:, None]
    some = rng.integers(-128, 128, (300, 3)).astype(np.int8)
    for case, tflite, inputs in (("linear", linear_tflite(), every), ("dense", dense_tflite(), some)):
        image = build_tflite(tflite, board, "verify", tmp_path / case)
        assert image.warnings == ""
        with run_on(board, image, tmp_path) as device:
            session = Session(device)
            session.greet(read_tflite(tflite).sha256)
            ran = session.invoke_many(inputs)
        np.testing.assert_array_equal(ran.outputs, tflm(tflite, inputs), err_msg=case)
        assert ran.resent == 0


def counted_by_emulator(board: Board, image: FirmwareImage, folder: Path) -> int:
    """What the bench firmware's one call takes from its first instruction to its return, seen from outside."""
    symbols = tools.run([f"{board.toolchain.prefix}nm", image.elf], timeout_s=PATIENCE_S).stdout.decode()
    found = re.search(r"^(\w+) T model_invoke$", symbols, re.MULTILINE)
    assert found is not None
    entry = int(found[1], 16)
    if isinstance(board.emulator, SimavrMachine):
        bridge = build_simavr_bridge(folder.parent / "bridge")
        command = [bridge, board.emulator.mcu, str(board.clock_hz), image.elf, hex(entry)]
        return int(tools.run(command, timeout_s=PATIENCE_S).stdout)
    assert isinstance(board.emulator, QemuMachine)
    command = [f"{board.toolchain.prefix}objdump", "-d", "--disassemble=main", image.elf]
    lines = [line for line in tools.run(command, timeout_s=PATIENCE_S).stdout.decode().splitlines() if ":\t" in line]
    call = next(number for number, line in enumerate(lines) if "<model_invoke>" in line)
    back = int(lines[call + 1].split(":")[0], 16)
    # QEMU writes a line for each block it runs; here a block is one instruction. The firmware never ends.
    traced = [*qemu_command(board.emulator, image.elf), *one_instruction_a_block(board.emulator), "-d", "nochain,exec"]
    count = None
    with tools.start(traced) as process:
        assert process.stderr is not None
        for line in itertools.islice(process.stderr, MOST_TRACED):
            at = re.match(rb"Trace \d+: \S+ \[[0-9a-f]+/([0-9a-f]+)/", line)
            here = int(at[1], 16) if at else None
            if here == entry:
                count = 0
            if here == back and count is not None:
                return count
            count = None if count is None else count + 1
    raise AssertionError("the call never returned")


def one_instruction_a_block(machine: QemuMachine) -> list[str]:
    """The option changed its name in QEMU 8.1, and lost the old one in 9."""
    said = re.search(rb"version (\d+)\.(\d+)", tools.run([machine.program, "--version"], timeout_s=60).stdout)
    assert said is not None
    return ["-accel", "tcg,one-insn-per-tb=on"] if (int(said[1]), int(said[2])) >= (8, 1) else ["-singlestep"]


@pytest.mark.parametrize("name", COUNTED)
def test_counts_are_exact(name: str, tmp_path: Path) -> None:
    board, tflite = board_here(name), dense_tflite()
    bench = build_tflite(tflite, board, "bench", tmp_path / "bench")
    verify = build_tflite(tflite, board, "verify", tmp_path / "verify")
    expected = counted_by_emulator(board, bench, tmp_path)
    with run_on(board, verify, tmp_path) as device:
        # Often enough that the timer of the AVR overflows in the middle of a call.
        measured = measure(bench, Session(device), np.zeros((200, 3), np.int8))
    assert (measured.fewest, measured.most) == (expected, expected)
    assert measured.unit == board.counter


@pytest.mark.parametrize("name", COUNTED)
def test_the_stack_is_measured_to_the_byte(name: str, tmp_path: Path) -> None:
    """A model that uses 50 bytes more, written in all of them, has 50 to 64 bytes more stack (frames are aligned)."""
    board, stacks = board_here(name), []
    for size in (8, 58):
        body = f"""#include "model.h"
void model_invoke(const int8_t *in, int8_t *out)
{{
    volatile int8_t kept[{size}];
    for (uint8_t i = 0; i < {size}; i++) {{
        kept[i] = in[0];
    }}
    out[0] = kept[0];
}}
"""
        image = build_firmware(c_model(body), MIXER, board, "verify", tmp_path / str(size))
        with run_on(board, image, tmp_path) as device:
            stacks.append(Session(device).stack_bytes(np.zeros(4, np.int8)))
    assert 50 <= stacks[1] - stacks[0] <= 64
    assert 8 <= stacks[0] <= 40


def test_several_inputs_and_outputs(tmp_path: Path) -> None:
    tree = {
        "model.h": "#include <stdint.h>\nvoid model_invoke(const int8_t *a, const int8_t *b, int8_t *c, int8_t *d);\n",
        "model.c": '#include "model.h"\nvoid model_invoke(const int8_t *a, const int8_t *b, int8_t *c, int8_t *d)\n'
        "{\n    c[0] = b[1];\n    d[0] = a[0];\n    d[1] = b[0];\n}\n",
    }
    interface = ModelInterface(SHA256, (1, 2), (1, 2))
    board = board_here("host")
    image = build_firmware(SourceTree(tree), interface, board, "verify", tmp_path)
    with run_on(board, image, tmp_path) as device:
        outputs = Session(device).invoke_many(np.array([[1, 2, 3]], np.int8)).outputs
    assert outputs.tolist() == [[3, 1, 2]]


@pytest.mark.parametrize("name", ["sim-cortex-m0", "sim-cortex-m4", "sim-esp32c3"])
def test_a_fault_is_named(name: str, tmp_path: Path) -> None:
    board = board_here(name)
    trap = '#include "model.h"\nvoid model_invoke(const int8_t *in, int8_t *out)\n{\n    out[0] = in[0];\n' \
           "    __builtin_trap();\n}\n"  # fmt: skip
    image = build_firmware(c_model(trap), MIXER, board, "verify", tmp_path)
    with (
        run_on(board, image, tmp_path) as device,
        pytest.raises(DeviceError, match=f"^{name}: the firmware ran into a fault"),
    ):
        Session(device, timeout_s=PATIENCE_S).invoke_many(np.zeros((1, 4), np.int8))


@pytest.mark.parametrize("name", ["host", "sim-uno", "sim-cortex-m4"])
def test_the_greeting_says_what_runs(name: str, tmp_path: Path) -> None:
    board = board_here(name)
    image = build_firmware(mixer(), MIXER, board, "verify", tmp_path)
    with run_on(board, image, tmp_path) as device:
        session = Session(device)
        greeting = session.greet(SHA256)
        with pytest.raises(DeviceError) as caught:
            session.greet("cd" * 32)
        inputs = np.random.default_rng(2).integers(-128, 128, (500, 4)).astype(np.int8)
        np.testing.assert_array_equal(session.invoke_many(inputs).outputs, mixed(inputs))
    assert (greeting.sha256, greeting.input_bytes, greeting.output_bytes) == (SHA256, 4, 4)
    unit = {"cycles": Unit.CYCLES, "instructions": Unit.INSTRUCTIONS, "nothing": Unit.NOTHING}[board.counter]
    assert greeting.unit == unit
    assert greeting.clock_hz == (16_000_000 if board.counter == "cycles" else 0)
    assert str(caught.value) == (
        f"{name} runs another model: the SHA-256 of its .tflite begins with abababababab, not with cdcdcdcdcdcd; build"
        " and flash again."
    )
