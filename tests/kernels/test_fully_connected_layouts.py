"""The dense kernels of each target: which one a layer gets, and the same bytes as TFLM from its C and its assembly."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tinyml_pipeline.boards.catalog import load_board
from tinyml_pipeline.compiler.compile import compile_graph
from tinyml_pipeline.compiler.kernels import fully_connected_avr_s8
from tinyml_pipeline.compiler.ops import fully_connected
from tinyml_pipeline.compiler.ops._context import OpContext
from tinyml_pipeline.compiler.read_tflite import read_tflite
from tinyml_pipeline.compiler.target import Target, find_target
from tinyml_pipeline.host.builders.bare_metal import ModelInterface, build_firmware
from tinyml_pipeline.host.device.emulators import emulate
from tinyml_pipeline.host.device.session import Session

from tests.firmware import linear_tflite
from tests.host import SANITIZERS, compile_model, run_program
from tests.kernels.dense_cases import CASES, VECTORS, Int8Array, dense_model
from tests.oracle import run_tflm
from tests.tools import need

DSP, AVR, RV32 = find_target("cortex-m4", "speed"), find_target("avr"), find_target("rv32imc", "speed")


AVR_CASES = {name: case for name, case in CASES.items() if case.avr == "avr"}


@cache
def _expected(names: tuple[str, ...]) -> tuple[Int8Array, ...]:
    return run_tflm(*dense_model(names))


def _assert_exact(names: tuple[str, ...], actual: tuple[Int8Array, ...]) -> None:
    for name, got, wanted in zip(names, actual, _expected(names), strict=True):
        np.testing.assert_array_equal(got, wanted, err_msg=name)


@pytest.mark.parametrize("target", [DSP, RV32, AVR], ids=lambda target: target.name)
def test_each_layer_gets_its_kernel(target: Target) -> None:
    names = tuple(CASES)
    text = compile_graph(read_tflite(dense_model(names)[0]), "model", target)["model.c"]
    calls = re.findall(r"^    (fully_connected\w*)\(", text, re.MULTILINE)
    expected = []
    for case in CASES.values():
        kernel = {"cortex-m4": case.dsp, "rv32imc": case.rv32, "avr": case.avr}[target.name]
        expected.append(
            ("fully_connected" if kernel == "plain" else f"fully_connected_{kernel}")
            + ("_per_channel_s8" if case.options.get("per_channel") else "_s8")
        )
    assert dict(zip(names, calls, strict=True)) == dict(zip(names, expected, strict=True))


@pytest.mark.parametrize(
    ("lowest", "highest", "accepted"),
    [(-32640, 32640, True), (-32640, 32641, False), (-32641, 32640, False)],
    ids=["at_both_limits", "one_step_above", "one_step_below"],
)
def test_an_avr_keeps_128_steps_for_the_zero_point(lowest: int, highest: int, accepted: bool) -> None:
    """2^30 with a shift of -1 is a quarter: so the sums are four times the scaled ones, which must fit 16 bits."""
    graph = read_tflite(linear_tflite())
    op = fully_connected.read(OpContext(graph, graph.operations[0]))
    sums = {"lowest": np.array([4 * lowest]), "highest": np.array([4 * highest])}
    bounded = replace(op, multipliers=(2**30,), shifts=(-1,), **sums)
    reason = fully_connected_avr_s8.KERNEL.refuses(bounded, AVR)
    assert reason == (None if accepted else "a scaled sum may leave 16 bits")


# Debian's clang comes without the libraries of the sanitizers.
COMPILERS = {"gcc": SANITIZERS, "clang": ["-O2"]}


@pytest.mark.parametrize("compiler", COMPILERS)
@pytest.mark.parametrize("target", [DSP, RV32], ids=lambda target: target.name)
def test_the_same_layout_in_c(target: Target, compiler: str, tmp_path: Path) -> None:
    """The C that stands for the DSP instructions, without a warning."""
    tflite, vectors = dense_model(tuple(CASES))
    model = compile_model(tflite, target)
    _assert_exact(tuple(CASES), run_program(model, vectors, tmp_path, *COMPILERS[compiler], compiler=compiler))


MACHINES = {
    "sim-cortex-m0": ("arm-none-eabi-gcc", "gcc-arm-none-eabi", "qemu-system-arm"),
    "sim-cortex-m4": ("arm-none-eabi-gcc", "gcc-arm-none-eabi", "qemu-system-arm"),
    "sim-cortex-m7": ("arm-none-eabi-gcc", "gcc-arm-none-eabi", "qemu-system-arm"),
    "sim-cortex-m33": ("arm-none-eabi-gcc", "gcc-arm-none-eabi", "qemu-system-arm"),
    "sim-cortex-m55": ("arm-none-eabi-gcc", "gcc-arm-none-eabi", "qemu-system-arm"),
    "sim-esp32c3": ("riscv64-unknown-elf-gcc", "gcc-riscv64-unknown-elf", "qemu-system-riscv32"),
    "sim-uno": ("avr-gcc", "gcc-avr", "simavr"),
}


def _run_on_machine(names: tuple[str, ...], machine: str, optimize: Any, folder: Path) -> tuple[Int8Array, ...]:
    tflite, vectors = dense_model(names)
    graph, board = read_tflite(tflite), load_board(machine)
    tree = compile_graph(graph, "model", find_target(board.compiler_target, optimize))
    interface = ModelInterface.of(graph)
    image = build_firmware(tree, interface, board, "verify", folder / "build", optimize)
    assert image.warnings == ""
    joined = np.concatenate([values.reshape(VECTORS, -1) for values in vectors], axis=1)
    with emulate(board, image.elf, log=folder / "log.txt", cache_dir=folder / "cache") as device:
        answers = Session(device).invoke_many(joined).outputs
    return tuple(np.split(answers, np.cumsum(interface.output_sizes)[:-1], axis=1))


@pytest.mark.parametrize("optimize", ["size", "speed"])
@pytest.mark.parametrize("machine", MACHINES)
def test_on_the_processor(machine: str, optimize: str, tmp_path: Path) -> None:
    """Assembly against TFLM; -Os and -O2 give it other registers."""
    compiler, package, emulator = MACHINES[machine]
    need(compiler, package)
    need(emulator, "qemu-system-misc" if emulator == "qemu-system-riscv32" else emulator)
    if machine == "sim-uno":  # what fits its memory, in two firmwares
        names = tuple(AVR_CASES)
        halves = [names[::2], names[1::2]]
    else:
        halves = [tuple(CASES)]
    for number, half in enumerate(halves):
        _assert_exact(half, _run_on_machine(half, machine, optimize, tmp_path / str(number)))
