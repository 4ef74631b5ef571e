"""What each layer takes, counted by the firmware itself and by QEMU's plugin."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tinyml_pipeline.boards.board import QemuMachine
from tinyml_pipeline.compiler.compile import compile_graph
from tinyml_pipeline.compiler.read_tflite import read_tflite
from tinyml_pipeline.compiler.target import find_target
from tinyml_pipeline.errors import DeviceError
from tinyml_pipeline.host.builders.bare_metal import ModelInterface, build_firmware
from tinyml_pipeline.host.device.emulators import emulate
from tinyml_pipeline.host.device.executed import layer_cycles, make_tracer
from tinyml_pipeline.host.device.instruction_cycles import CycleTable
from tinyml_pipeline.host.device.session import Session

from tests.firmware import board_here, dense_tflite, run_on

LAYERS = 3
# The hook's call and what it keeps in registers over it, of a network of 500 instructions.
TOLERANCE = 0.01


@pytest.mark.parametrize("name", ["sim-cortex-m4", "sim-uno"])
def test_layers_add_up_to_the_whole(name: str, tmp_path: Path) -> None:
    board, graph = board_here(name), read_tflite(dense_tflite())
    sources = compile_graph(graph, "net", find_target(board.compiler_target, board.optimize))
    interface, vector = ModelInterface.of(graph, "net"), np.array([1, -2, 3], np.int8)
    plain = build_firmware(sources, interface, board, "verify", tmp_path / "plain")
    with run_on(board, plain, tmp_path) as device:
        session = Session(device)
        whole = session.invoke_many(vector[None]).most
        with pytest.raises(DeviceError) as failed:
            session.layer_counts(vector, LAYERS)
    assert str(failed.value) == f"{name} does not measure its layers; build its firmware with NAME_PROFILE defined."
    profiled = build_firmware(sources, interface, board, "verify", tmp_path / "profiled", profile=True)
    with run_on(board, profiled, tmp_path) as device:
        counts = Session(device).layer_counts(vector, LAYERS)
    assert profiled.warnings == ""
    assert sum(counts) == pytest.approx(whole, rel=TOLERANCE)
    # 21, 35 and 10 multiplications: the layers do not share what they took.
    assert counts[1] > 1.5 * counts[2]
    assert counts[0] > 1.5 * counts[2]


def test_the_trace_has_what_was_counted(tmp_path: Path) -> None:
    """Where an instruction costs 1 and a branch nothing, cycles are the instructions that the firmware counts."""
    board, graph = board_here("sim-cortex-m4"), read_tflite(dense_tflite())
    assert isinstance(board.emulator, QemuMachine)
    sources = compile_graph(graph, "net", find_target(board.compiler_target, "speed"))
    elf = build_firmware(
        sources, ModelInterface.of(graph, "net"), board, "verify", tmp_path / "built", "speed", profile=True
    ).elf
    tracer = make_tracer(board.emulator, board, elf, "net", out=tmp_path / "trace", cache_dir=tmp_path / "plugin")
    log, cache = tmp_path / "device.log", tmp_path / "bridge"
    with emulate(board, elf, log=log, cache_dir=cache, plugin=tracer.option) as device:
        session = Session(device, timeout_s=60)
        session.invoke_many(np.zeros((2, 3), np.int8))  # only the latest inference counts
        counts = session.layer_counts(np.array([1, -2, 3], np.int8), LAYERS)
    traced = layer_cycles(tracer, board, elf, CycleTable("instructions", len, 0))
    assert np.abs(np.subtract(traced, counts)).max() <= 2, "the call of the hook falls before or behind it"
    taken = layer_cycles(tracer, board, elf, CycleTable("taken branches", lambda row: 0, 1))
    for branches, instructions in zip(taken, traced, strict=True):
        assert 2 <= branches < instructions / 4
