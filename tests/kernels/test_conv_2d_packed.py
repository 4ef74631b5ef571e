"""Convolutions with two products in one multiply: the proof at its limits, and TFLM's bytes from C and assembly."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tinyml_pipeline.compiler.kernels import conv_2d_packed_s8
from tinyml_pipeline.compiler.kernels.conv_2d_packed_s8 import halves_hold
from tinyml_pipeline.compiler.ops import conv_2d
from tinyml_pipeline.compiler.ops._context import OpContext
from tinyml_pipeline.compiler.read_tflite import read_tflite
from tinyml_pipeline.compiler.target import find_target

from tests.kernels.convolution_cases import Cases
from tests.kernels.test_conv_2d_chain import make
from tests.ops.check import model_of

RV32 = find_target("rv32imc", "speed")
CASES: dict[str, dict[str, Any]] = {
    "one_input_and_output": {"image": (2, 3, 1), "channels": 1, "filter_size": (1, 1)},
    "one_pixel": {"image": (1, 1, 8), "channels": 8, "filter_size": (1, 1)},
    "an_odd_number_of_inputs": {"image": (1, 2, 5), "channels": 3, "filter_size": (1, 1)},
    "an_odd_number_of_pixels_of_batches": {"image": (1, 5, 6), "channels": 5, "filter_size": (1, 1), "batches": 2},
    "highest_weights": {"image": (2, 2, 40), "channels": 6, "filter_size": (1, 1), "weights": 127},
    "lowest_weights": {"image": (2, 2, 40), "channels": 4, "filter_size": (1, 1), "weights": -127},
    "padded": {"image": (5, 7, 9), "channels": 7},
    "strided_and_dilated": {"image": (9, 8, 3), "channels": 6, "stride": (2, 3), "dilation": (2, 1)},
    "first_layer_of_speech": {"image": (12, 10, 1), "channels": 6, "filter_size": (10, 4), "stride": (2, 2)},
    "zero_point_at_the_high_end": {"image": (3, 3, 4), "channels": 4, "given": (0.05, 127), "wanted": (0.3, 127)},
    "relu": {"image": (4, 5, 16), "channels": 8, "wanted": (0.3, -128), "activation": "RELU"},
    "constant_channels": {"image": (3, 3, 8), "channels": 4, "bias": [2**30, 5, -(2**30), 9], "weight_scale": 0.002},
    "left_shift": {"image": (3, 3, 8), "channels": 4, "weight_scale": 20.0, "wanted": (0.3, -128)},
}  # fmt: skip
ALL = Cases(CASES, make, 24)


def test_each_case_gets_the_kernel() -> None:
    assert ALL.kernels(RV32) == {"conv_2d_packed_s8"}
    assert ALL.kernels(find_target("cortex-m0", "speed")) == {"conv_2d_packed_s8"}


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_the_same_layout_in_c(compiler: str, tmp_path: Path) -> None:
    ALL.check_on_host(RV32, compiler, tmp_path)


@pytest.mark.parametrize("board", ["sim-cortex-m0", "sim-esp32c3"])
def test_on_the_processor(board: str, tmp_path: Path) -> None:
    ALL.check_on_processor(board, tmp_path)


@pytest.mark.parametrize(
    ("weights", "accepted"),
    [((127, 127), True), ((-127, -127), True), ((-128, -127), True), ((-128, -128), False), ((127, -128), True)],
)
def test_halves_hold_the_products_of_two_weights(weights: tuple[int, int], accepted: bool) -> None:
    """p >> 16 and the low half are right for extreme inputs exactly if they hold."""
    rows = np.array([weights, weights])
    assert halves_hold(rows) == accepted
    exact = []
    for x in (-128, 127):
        for y in (-128, 127):
            total = weights[0] * x + weights[1] * y
            p = (total + (total << 16) + 2**15 + 2**31) % 2**32 - 2**31
            exact.append((p >> 16, p - (p >> 16 << 16)) == (total, total + 2**15))
    assert all(exact) == accepted


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("cortex-m3", "cortex-m3 may multiply and add in one instruction"),
        ("rv32imc", "the products of two weights do not fit 16 bits"),
    ],
)
def test_it_refuses(target: str, reason: str) -> None:
    graph = read_tflite(model_of(make({"image": (2, 2, 4), "channels": 4, "filter_size": (1, 1), "weights": -128})))
    op = conv_2d.read(OpContext(graph, graph.operations[0]))
    assert conv_2d_packed_s8.KERNEL.refuses(op, find_target(target)) == reason
    limited = replace(op, channels=replace(op.channels, highest=np.full(4, 2**23)))
    wanted = "a sum reaches 8388608; at most 8388607"
    assert conv_2d_packed_s8.KERNEL.refuses(limited, RV32) == wanted
