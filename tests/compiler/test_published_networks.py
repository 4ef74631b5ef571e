"""Published convolutional networks, if they are at hand: 0 differences to TFLM, also between layers and on processors.

Instructions and memory have limits: those of this project's best so far and a little more, and TFLM's own arena.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from tinyml_pipeline.boards.board import Board, Optimize
from tinyml_pipeline.boards.machines import arm_toolchain
from tinyml_pipeline.compiler.program import make_program
from tinyml_pipeline.compiler.read_tflite import read_tflite
from tinyml_pipeline.compiler.target import CYCLES_PER_BYTE, find_target
from tinyml_pipeline.host.builders import bare_metal
from tinyml_pipeline.host.device.session import Session

from tests.firmware import board_here, build_tflite, run_on
from tests.host import compile_model, run_library, run_program
from tests.intermediates import with_intermediates
from tests.networks import Int8Array, edge_vectors
from tests.oracle import run_tflm

FOLDER = Path(__file__).parents[3] / "shared" / "models"


@dataclass(frozen=True)
class Published:
    """How many inputs to try here and on processors, and what the C may take of a Cortex-M4 and a Cortex-M55."""

    file: str
    inputs: int
    on_processors: int
    instructions: int
    on_cortex_m55: int
    arena_bytes: int

    @property
    def tflite(self) -> bytes:
        path = FOLDER / self.file
        if not path.exists():
            pytest.skip(f"{path} is not here")
        return path.read_bytes()


NETWORKS = {
    "kws": Published("kws_ref_model.tflite", 1000, 10, 2_010_000, 720_000, 24_280),
    "resnet": Published("pretrainedResnet_quant.tflite", 200, 3, 10_900_000, 2_150_000, 55_987),
    "vww": Published("vww_96_int8.tflite", 100, 2, 4_200_000, 1_750_000, 103_672),
}
MOST_CODE_BYTES = 16 * 1024
BOARDS = ("sim-cortex-m4", "sim-cortex-m33", "sim-cortex-m55", "sim-esp32c3", "cortex-m0")


def images(shape: tuple[int, ...], count: int) -> Int8Array:
    """Edges and random values; every other one is smooth, as photographs and spectrograms are."""
    rng = np.random.default_rng(count)
    found = edge_vectors(rng, shape, max(count, 6))
    _, height, width, depth = shape
    y, x = np.mgrid[:height, :width] / max(height, width)
    for image in found[7::2]:
        waves = rng.uniform(0, 4, (6, 2, depth)), rng.uniform(0, 7, (6, depth)), rng.uniform(0, 25, (6, depth))
        smooth: npt.NDArray[np.float64] = rng.uniform(-90, 90, depth) * np.ones((height, width, depth))
        for (across, down), phase, size in zip(*waves, strict=True):
            smooth += size * np.sin(6.3 * (x[..., None] * across + y[..., None] * down) + phase)
        image[0] = np.clip(np.rint(smooth), -128, 127)
    return found[-count:]


def image_of(tflite: bytes, count: int) -> Int8Array:
    graph = read_tflite(tflite)
    return images(graph.tensors[graph.inputs[0]].shape, count)


@pytest.mark.parametrize("name", NETWORKS)
def test_equal_on_this_computer(name: str, tmp_path: Path) -> None:
    network = NETWORKS[name]
    vectors = [image_of(network.tflite, network.inputs)]
    actual = run_library(compile_model(network.tflite), vectors, tmp_path, "-O2")
    np.testing.assert_array_equal(actual[0], run_tflm(network.tflite, vectors)[0])


@pytest.mark.parametrize("target", ["portable", "cortex-m4"])
@pytest.mark.parametrize("name", NETWORKS)
def test_every_intermediate_tensor_is_equal(name: str, target: str, tmp_path: Path) -> None:
    tflite, makers = with_intermediates(NETWORKS[name].tflite)
    vectors = [image_of(tflite, 10)]
    actual = run_library(compile_model(tflite, find_target(target, "speed")), vectors, tmp_path, "-O2")
    for maker, got, wanted in zip(makers, actual, run_tflm(tflite, vectors), strict=True):
        np.testing.assert_array_equal(got, wanted, err_msg=maker)


@pytest.mark.parametrize("name", ["kws", "vww"])
def test_outputs_of_joined_layers_are_equal(name: str, tmp_path: Path) -> None:
    """What lies between two layers that are computed as one is no output, so that they stay joined."""
    tflite, makers = with_intermediates(NETWORKS[name].tflite, "DEPTHWISE_CONV_2D")
    target = find_target("cortex-m4", "speed")
    kernels = {step.choice.chosen.kernel.function for step in make_program(read_tflite(tflite), target).steps}
    assert "conv_2d_depthwise_s8" in kernels
    vectors = [image_of(tflite, 7)]
    actual = run_library(compile_model(tflite, target), vectors, tmp_path, "-O2")
    for maker, got, wanted in zip(makers, actual, run_tflm(tflite, vectors), strict=True):
        np.testing.assert_array_equal(got, wanted, err_msg=maker)


@pytest.mark.parametrize("name", NETWORKS)
def test_equal_under_sanitizers(name: str, tmp_path: Path) -> None:
    network = NETWORKS[name]
    vectors = [image_of(network.tflite, 8)]
    actual = run_program(compile_model(network.tflite), vectors, tmp_path)
    np.testing.assert_array_equal(actual[0], run_tflm(network.tflite, vectors)[0])


@pytest.mark.parametrize("board", BOARDS)
@pytest.mark.parametrize("name", NETWORKS)
def test_equal_on_processors(name: str, board: str, tmp_path: Path) -> None:
    network, machine = NETWORKS[name], board_named(board)
    vectors = image_of(network.tflite, network.on_processors)
    image = build_tflite(network.tflite, machine, "verify", tmp_path)
    assert image.warnings == ""
    with run_on(machine, image, tmp_path) as device:
        session = Session(device)
        session.greet(read_tflite(network.tflite).sha256)
        ran = session.invoke_many(vectors.reshape(len(vectors), -1))
    np.testing.assert_array_equal(ran.outputs, expected(name))
    limits = {"sim-cortex-m4": network.instructions, "sim-cortex-m55": network.on_cortex_m55}
    assert ran.most <= limits.get(board, ran.most)


@pytest.mark.parametrize("board", ["sim-cortex-m4", "sim-cortex-m55"])
@pytest.mark.parametrize("name", NETWORKS)
def test_takes_no_more_than_tflm(name: str, board: str, tmp_path: Path) -> None:
    """Of RAM without the caller's arrays of inputs and outputs."""
    network = NETWORKS[name]
    graph = read_tflite(network.tflite)
    arrays = sum(graph.tensors[index].size_bytes for index in (*graph.inputs, *graph.outputs))
    image = build_tflite(network.tflite, board_here(board), "bench", tmp_path)
    assert image.code_bytes <= MOST_CODE_BYTES
    assert image.ram_bytes - arrays <= network.arena_bytes


@dataclass(frozen=True)
class Limits:
    """Of a Cortex-M4, without the caller's arrays; flash is that of model and code."""

    optimize: Optimize
    instructions: int
    ram_bytes: int
    flash_bytes: int


SMALLER = {"kws": Limits("size", 2_700_000, 18_432, 60_000), "resnet": Limits("balanced", 9_000_000, 55_987, 180_000)}


@pytest.mark.parametrize("name", SMALLER)
def test_smaller_ones_have_limits_of_all(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the flags of the compiler are: here those for speed."""
    monkeypatch.setattr(bare_metal, "_OPTIMIZE_FLAGS", dict.fromkeys(CYCLES_PER_BYTE, "-O2"))
    network, limits, machine = NETWORKS[name], SMALLER[name], board_here("sim-cortex-m4")
    vectors = image_of(network.tflite, 1)
    bench, verify = (
        build_tflite(network.tflite, machine, kind, tmp_path / kind, limits.optimize) for kind in ("bench", "verify")
    )
    with run_on(machine, verify, tmp_path) as device:
        session = Session(device)
        session.greet(read_tflite(network.tflite).sha256)
        ran = session.invoke_many(vectors.reshape(len(vectors), -1))
        stack_bytes = session.stack_bytes(vectors[0].ravel())
    outputs = run_tflm(network.tflite, [vectors])[0]
    np.testing.assert_array_equal(ran.outputs, outputs.reshape(len(vectors), -1))
    assert ran.most <= limits.instructions
    assert bench.ram_bytes - vectors[0].size - outputs[0].size + stack_bytes <= limits.ram_bytes
    assert bench.flash_bytes - bench.startup_bytes <= limits.flash_bytes


def board_named(name: str) -> Board:
    """Of Cortex-M0 code, the board of a Cortex-M3, which runs it and has the memory."""
    if name != "cortex-m0":
        return board_here(name)
    board = board_here("sim-cortex-m3")
    return replace(board, toolchain=arm_toolchain("-mcpu=cortex-m0"), compiler_target="cortex-m0", optimize="speed")


@cache
def expected(name: str) -> Int8Array:
    network = NETWORKS[name]
    return run_tflm(network.tflite, [image_of(network.tflite, network.on_processors)])[0]
