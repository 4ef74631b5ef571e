"""Firmware for tests: small models as C, built for a board, and the tools that this needs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
from tinyml_pipeline.boards.board import Board, Optimize
from tinyml_pipeline.boards.catalog import load_board
from tinyml_pipeline.boards.required_tools import missing_tools
from tinyml_pipeline.compiler.compile import compile_graph
from tinyml_pipeline.compiler.read_tflite import read_tflite
from tinyml_pipeline.compiler.source_tree import SourceTree
from tinyml_pipeline.compiler.target import find_target
from tinyml_pipeline.host.builders.bare_metal import FirmwareImage, Kind, ModelInterface, build_firmware
from tinyml_pipeline.host.device.device import Device
from tinyml_pipeline.host.device.emulators import emulate

from tests.tflite_writer import Writer
from tests.tools import unavailable

SHA256 = "ab" * 31 + "00"
# Every output byte depends on two inputs: a vector that was damaged on its way shows.
MIXER = ModelInterface(SHA256, (4,), (4,))
_HEADER = """#include <stdint.h>
void model_invoke(const int8_t *in, int8_t *out);
"""
_MIXER = """#include "model.h"
void model_invoke(const int8_t *in, int8_t *out)
{
    for (uint8_t i = 0; i < 4; i++) {
        out[i] = (int8_t)(uint8_t)((uint8_t)in[i] * 7u + (uint8_t)in[(i + 1) % 4] * 13u + i);
    }
}
"""


def mixed(inputs: npt.NDArray[np.int8]) -> npt.NDArray[np.int8]:
    """What MIXER answers for (n, 4)."""
    values = inputs.astype(np.int64)
    return (values * 7 + np.roll(values, -1, axis=1) * 13 + np.arange(4)).astype(np.uint8).view(np.int8)


def c_model(body: str) -> SourceTree:
    return SourceTree({"model.h": _HEADER, "model.c": body})


def mixer() -> SourceTree:
    return c_model(_MIXER)


def linear_tflite() -> bytes:
    """y = 2x - 1 as one neuron."""
    writer = Writer()
    source = writer.tensor((1, 1), 0.08, 3)
    output = writer.fully_connected(source, np.array([[127]], np.int8), 2 / 127, np.array([-794], np.int32), 0.16, -1)
    return writer.build([source], [output])


def dense_tflite() -> bytes:
    """3-7-5-2, a scale a channel, with ReLU: the DSP and AVR kernels at odd sizes."""
    rng, writer = np.random.default_rng(5), Writer()
    source = layer = writer.tensor((1, 3), 0.05, 4)
    for inputs, outputs, activation in ((3, 7, "RELU"), (7, 5, "RELU"), (5, 2, "NONE")):
        weights = rng.integers(-127, 128, (outputs, inputs)).astype(np.int8)
        bias = rng.integers(-4000, 4000, outputs).astype(np.int32)
        scales = rng.uniform(0.004, 0.012, outputs).tolist()
        layer = writer.fully_connected(layer, weights, scales, bias, 0.06, -128 if activation == "RELU" else 5,
                                       activation=activation)  # fmt: skip
    return writer.build([source], [layer])


def board_here(name: str) -> Board:
    """The board; skips, or fails in CI, where its compiler or emulator is missing."""
    board = load_board(name)
    missing = missing_tools(board)
    if missing:
        unavailable(f"{name} needs {', '.join(missing)}")
    return board


def build_tflite(
    tflite: bytes, board: Board, kind: Kind, folder: Path, optimize: Optimize | None = None
) -> FirmwareImage:
    graph = read_tflite(tflite)
    sources = compile_graph(graph, "model", find_target(board.compiler_target, optimize or board.optimize))
    return build_firmware(sources, ModelInterface.of(graph), board, kind, folder, optimize)


def run_on(board: Board, image: FirmwareImage, folder: Path) -> Device:
    return emulate(board, image.elf, log=folder / "device.log", cache_dir=folder.parent / "bridge")
