"""The kernels' assembly under flags of real projects: the same bytes as TFLM on the processor."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from tinyml_pipeline.compiler.compile import compile_graph
from tinyml_pipeline.compiler.kernel import Kernel
from tinyml_pipeline.compiler.kernels import conv_2d_dual_s8
from tinyml_pipeline.compiler.ops.conv_2d import Conv2D
from tinyml_pipeline.compiler.read_tflite import read_tflite
from tinyml_pipeline.compiler.target import find_target
from tinyml_pipeline.host.builders import bare_metal
from tinyml_pipeline.host.builders.bare_metal import build_firmware
from tinyml_pipeline.host.device.session import Session
from tinyml_pipeline.model_io import ModelInterface

from tests.firmware import board_here, run_on
from tests.kernels import (
    test_conv_2d_chain,
    test_conv_2d_dual,
    test_conv_2d_mve,
    test_conv_2d_packed,
    test_conv_2d_winograd_packed,
    test_depthwise_mve,
    test_depthwise_planes,
)
from tests.kernels.convolution_cases import joined
from tests.kernels.dense_cases import CASES, VECTORS, Int8Array, dense_model
from tests.oracle import run_tflm

HARD = ("-mcpu=cortex-m4", "-mthumb", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16")
SOFTFP = ("-mcpu=cortex-m33", "-mthumb", "-mfloat-abi=softfp", "-mfpu=fpv5-sp-d16")
HELIUM = ("-mcpu=cortex-m55", "-mthumb", "-mfloat-abi=softfp")
INTEGER_HELIUM = ("-mcpu=cortex-m55+nofp", "-mthumb", "-mfloat-abi=hard")
FLAGS = {
    "unoptimized": ("sim-cortex-m4", "-O0", ()),
    "for debuggers": ("sim-cortex-m4", "-Og", ("-g3", "-fno-omit-frame-pointer")),
    "hard float": ("sim-cortex-m4", "-O2", HARD),
    "hard float unoptimized": ("sim-cortex-m4", "-O0", (*HARD, "-fno-omit-frame-pointer")),
    "softfp -O3": ("sim-cortex-m33", "-O3", SOFTFP),
    "link time": ("sim-cortex-m4", "-Os", (*HARD, "-flto")),
    "other chars": ("sim-cortex-m7", "-O1", ("-funsigned-char",)),
    "helium unoptimized": ("sim-cortex-m55", "-O0", (*INTEGER_HELIUM, "-fno-omit-frame-pointer")),
    "helium link time": ("sim-cortex-m55", "-Os", (*HELIUM, "-flto")),
    "risc-v unoptimized": ("sim-esp32c3", "-O0", ("-fno-omit-frame-pointer",)),
    "avr unoptimized": ("sim-uno", "-O0", ("-fno-omit-frame-pointer",)),
}
# What fits the memory of an ATmega328P without optimization.
AVR_NAMES = ("one_by_one", "one_row_left", "right_shift_8", "two_inputs_per_channel")


# Each way in which a compiler gives the assembly other registers or another place.
CONVOLUTION_FLAGS = ("hard float unoptimized", "for debuggers", "softfp -O3", "link time")
HELIUM_CONVOLUTIONS = [("helium unoptimized", test_depthwise_mve), ("helium link time", test_conv_2d_mve)]


@pytest.mark.parametrize("case", [case for case in FLAGS if "helium" not in case and "risc-v" not in case])
def test_answers_are_exact(case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tflite, vectors = dense_model(AVR_NAMES if FLAGS[case][0] == "sim-uno" else tuple(CASES))
    _assert_exact(case, tflite, [values.reshape(VECTORS, -1) for values in vectors], tmp_path, monkeypatch)


@pytest.mark.parametrize("kernel", [test_conv_2d_chain, test_depthwise_planes], ids=["chain", "planes"])
@pytest.mark.parametrize("case", CONVOLUTION_FLAGS)
def test_convolutions_are_exact(case: str, kernel: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _assert_exact(case, kernel.ALL.tflite, [values[:8] for values in kernel.ALL.vectors], tmp_path, monkeypatch)


def test_the_dual_convolution_is_exact(
    only: Callable[[Kernel[Conv2D]], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    only(conv_2d_dual_s8.KERNEL)
    vectors = [values[:4] for values in test_conv_2d_dual.ALL.vectors]
    _assert_exact("hard float unoptimized", test_conv_2d_dual.ALL.tflite, vectors, tmp_path, monkeypatch)


@pytest.mark.parametrize(("case", "kernel"), HELIUM_CONVOLUTIONS)
def test_convolutions_with_helium_are_exact(
    case: str, kernel: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _assert_exact(case, kernel.ALL.tflite, [values[:3] for values in kernel.ALL.vectors], tmp_path, monkeypatch)


PACKED = {"packed": test_conv_2d_packed.ALL, "tiles": test_conv_2d_winograd_packed.MODEL}


@pytest.mark.parametrize("kernel", PACKED)
def test_packed_convolutions_are_exact(kernel: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = PACKED[kernel]
    _assert_exact("risc-v unoptimized", model.tflite, [values[:4] for values in model.vectors], tmp_path, monkeypatch)


def _assert_exact(
    case: str, tflite: bytes, vectors: Sequence[Int8Array], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, optimize, flags = FLAGS[case]
    board = board_here(name)
    assert board.toolchain is not None
    usual = board.toolchain.flags if "-mthumb" not in flags else ()
    toolchain = replace(board.toolchain, flags=(*usual, *flags))
    settings: dict[str, Any] = {"speed": optimize, "size": optimize}
    monkeypatch.setattr(bare_metal, "_OPTIMIZE_FLAGS", settings)
    graph = read_tflite(tflite)
    tree = compile_graph(graph, "model", find_target(board.compiler_target, "speed"))
    interface = ModelInterface.of(graph)
    image = build_firmware(tree, interface, replace(board, toolchain=toolchain), "verify", folder / "build", "speed")
    assert image.warnings == ""
    with run_on(board, image, folder) as device:
        answers = Session(device).invoke_many(joined(vectors)).outputs
    np.testing.assert_array_equal(answers, joined(run_tflm(tflite, vectors)))
