"""Depthwise filters of 3x3 along lines: what is refused and chosen, TFLM's bytes in C and on processors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tinyml_pipeline.compiler.explain import explain
from tinyml_pipeline.compiler.kernel import Kernel
from tinyml_pipeline.compiler.kernels import depthwise_conv_2d_lines_s8
from tinyml_pipeline.compiler.ops import depthwise_conv_2d
from tinyml_pipeline.compiler.ops._context import OpContext
from tinyml_pipeline.compiler.ops.depthwise_conv_2d import DepthwiseConv2D
from tinyml_pipeline.compiler.read_tflite import read_tflite
from tinyml_pipeline.compiler.target import find_target

from tests.kernels.convolution_cases import Cases
from tests.kernels.test_depthwise_planes import RELU, make
from tests.ops.check import model_of
from tests.ops.convolutions import convolution

RV32 = find_target("rv32imc", "speed")
KERNEL = depthwise_conv_2d_lines_s8.KERNEL
Only = Callable[[Kernel[DepthwiseConv2D]], None]
SIGNS = np.random.default_rng(8).choice([127, -128], (1, 3, 3, 4))
CASES: dict[str, dict[str, Any]] = {
    "one_pixel": {"image": (1, 1, 1)},
    "one_row": {"image": (1, 6, 4)},
    "one_column": {"image": (7, 1, 3)},
    "odd_sizes": {"image": (5, 7, 5)},
    "lines_run_down_relu": {"image": (8, 3, 4), **RELU},
    "valid_padding": {"image": (5, 6, 4), "same": False},
    "batches": {"image": (3, 4, 5), "batches": 3},
    "stride_2": {"image": (7, 9, 4), "stride": (2, 2)},
    "stride_2_down_relu": {"image": (9, 4, 3), "stride": (2, 2), **RELU},
    "strides_that_differ": {"image": (11, 6, 4), "stride": (3, 1)},
    "a_stride_over_lines": {"image": (11, 12, 2), "stride": (4, 2)},
    "lowest_weights": {"image": (4, 4, 4), "weights": -128},
    "extreme_weights": {"image": (4, 6, 4), "weights": SIGNS, **RELU},
    "zero_points_at_the_high_end": {"image": (4, 4, 4), "given": (0.05, 127), "wanted": (0.3, 127)},
    "constant_channels": {"image": (3, 3, 4), "bias": [2**30, 5, -(2**30), 9], "weight_scale": 0.002},
    "per_tensor": {"image": (4, 4, 4), "weight_scale": 0.01},
}  # fmt: skip
ALL = Cases(CASES, make, 8)


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_the_same_layout_in_c(compiler: str, only: Only, tmp_path: Path) -> None:
    only(KERNEL)
    ALL.check_on_host(RV32, compiler, tmp_path)


@pytest.mark.parametrize("board", ["sim-cortex-m0", "sim-esp32c3"])
def test_on_the_processor(board: str, only: Only, tmp_path: Path) -> None:
    only(KERNEL)
    ALL.check_on_processor(board, tmp_path)


REFUSED = {
    "filter": ({"filter_size": (3, 2)}, "filters of 3x2; only 3x3"),
    "dilation": ({"dilation": (2, 1)}, "a dilation of 2x1; only 1x1"),
    "stride": ({"stride": (1, 3), "image": (3, 12, 4)}, "a stride of 3 along the lines; at most 2"),
    "multiplier": ({"channels": 8}, "2 outputs per channel; at most 1"),
    "clamp": ({"activation": "RELU6", "wanted": (0.05, 0)}, "outputs are clamped to 0 to 120; only to -128 to 127"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refuses(case: str) -> None:
    changes, reason = REFUSED[case]
    options = {"image": (6, 6, 4), "channels": 4, **changes}
    (layer,) = explain(read_tflite(model_of(convolution(depthwise=True, **options))), RV32)
    assert dict(layer.others)[KERNEL.function] == reason


@pytest.mark.parametrize("target", ["rv32imc", "cortex-m0"])
def test_is_chosen(target: str) -> None:
    (layer,) = explain(read_tflite(model_of(make({"image": (6, 6, 4)}))), find_target(target, "speed"))
    assert layer.function == KERNEL.function


@pytest.mark.parametrize(("highest", "reason"), [(2**23 - 1, None), (2**23, "a sum reaches 8388608; at most 8388607")])
def test_sums_fit_24_bits(highest: int, reason: str | None) -> None:
    graph = read_tflite(model_of(convolution((4, 4, 4), 4, depthwise=True, wanted=(3.0, 0), weight_scale=1e-5)))
    op = depthwise_conv_2d.read(OpContext(graph, graph.operations[0]))
    channels = replace(op.channels, highest=np.array([0, highest, 0, 0]))
    assert KERNEL.refuses(replace(op, channels=channels), RV32) == reason
