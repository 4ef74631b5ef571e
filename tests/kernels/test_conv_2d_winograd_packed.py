"""Packed tiles of 3x3 filters: what is refused and chosen, chunks at their limits, TFLM's bytes from C and assembly."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tinyml_pipeline.compiler.explain import explain
from tinyml_pipeline.compiler.kernel import Kernel
from tinyml_pipeline.compiler.kernels import conv_2d_winograd_packed_s8
from tinyml_pipeline.compiler.ops import conv_2d
from tinyml_pipeline.compiler.ops._context import OpContext
from tinyml_pipeline.compiler.ops.conv_2d import Conv2D
from tinyml_pipeline.compiler.read_tflite import read_tflite
from tinyml_pipeline.compiler.target import find_target

from tests.kernels.convolution_cases import Cases
from tests.kernels.test_conv_2d_winograd import EXTREMES, RELU, make
from tests.ops.check import model_of
from tests.ops.convolutions import convolution

RV32 = find_target("rv32imc", "speed")
KERNEL = conv_2d_winograd_packed_s8.KERNEL
Only = Callable[[Kernel[Conv2D]], None]
# |w| of each channel sums up to 16448: four times the sum takes a whole field.
LIMIT = np.r_[np.full(142, 115), 59, 59].reshape(1, 3, 3, 16) * np.array([1, -1, 1, -1]).reshape(4, 1, 1, 1)
CASES: dict[str, dict[str, Any]] = {
    "one_tile": {"image": (4, 4, 4), "channels": 2},
    "one_pixel": {"image": (1, 1, 3), "channels": 1},
    "one_row": {"image": (1, 9, 4), "channels": 3},
    "odd_sizes": {"image": (7, 11, 5), "channels": 5},
    "odd_sizes_relu": {"image": (5, 18, 6), "channels": 6, **RELU},
    "eight_columns": {"image": (4, 8, 8), "channels": 4},
    "valid_padding": {"image": (6, 11, 4), "channels": 4, "same": False},
    "batches": {"image": (3, 5, 2), "channels": 3, "batches": 3},
    "lowest_weights_in_chunks": {"image": (4, 4, 30), "channels": 5, "weights": -128},
    "highest_weights_in_chunks": {"image": (3, 4, 30), "channels": 3, "weights": 127},
    "a_chunk_at_its_limit": {"image": (4, 5, 16), "channels": 4, "same": False, "weights": LIMIT},
    "extreme_weights": {"image": (6, 7, 8), "channels": 4, "weights": EXTREMES},
    "zero_points_at_the_high_end": {"image": (4, 6, 4), "channels": 4, "given": (0.05, 127), "wanted": (0.3, 127)},
    "constant_channels": {"image": (4, 4, 8), "channels": 4, "bias": [2**30, 5, -(2**30), 9], "weight_scale": 0.002},
    "left_shift": {"image": (4, 4, 8), "channels": 4, "weight_scale": 20.0, "wanted": (0.3, -128)},
}  # fmt: skip
MODEL = Cases(CASES, make, count=7)


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_the_same_layout_in_c(compiler: str, only: Only, tmp_path: Path) -> None:
    only(KERNEL)
    MODEL.check_on_host(RV32, compiler, tmp_path)


def test_on_the_processor(only: Only, tmp_path: Path) -> None:
    only(KERNEL)
    MODEL.check_on_processor("sim-esp32c3", tmp_path)


REFUSED = {
    "filter": ({"filter_size": (3, 2)}, "filters of 3x2; only 3x3"),
    "stride": ({"stride": (1, 2)}, "a stride of 1x2; only 1x1"),
    "dilation": ({"dilation": (2, 1)}, "a dilation of 2x1; only 1x1"),
    "groups": ({"groups": 2}, "2 groups of channels; at most 1"),
    "clamp": ({"activation": "RELU6", "wanted": (0.05, 0)}, "outputs are clamped to 0 to 120; only to -128 to 127"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refuses(case: str) -> None:
    changes, reason = REFUSED[case]
    assert reason_of({"image": (6, 6, 4), "channels": 4, **changes}, "rv32imc") == reason


@pytest.mark.parametrize("target", ["cortex-m0", "cortex-m4"])
def test_refuses_other_processors(target: str) -> None:
    wanted = f"{target} has too few registers, or multiplies and adds in one instruction"
    assert reason_of({"image": (6, 6, 4), "channels": 4}, target) == wanted


def reason_of(options: dict[str, Any], target: str) -> str:
    (layer,) = explain(read_tflite(model_of(convolution(**options))), find_target(target, "speed"))
    return dict(layer.others)[KERNEL.function]


@pytest.mark.parametrize(("highest", "reason"), [(2**23 - 1, None), (2**23, "a sum reaches 8388608; at most 8388607")])
def test_sums_fit_24_bits(highest: int, reason: str | None) -> None:
    op = layer((4, 4, 4), 4, wanted=(3.0, 0), weight_scale=1e-5)
    channels = replace(op.channels, highest=np.array([0, highest, 0, 0]))
    assert KERNEL.refuses(replace(op, channels=channels), RV32) == reason


def layer(image: tuple[int, int, int], channels: int, **options: Any) -> Conv2D:
    graph = read_tflite(model_of(convolution(image, channels, **options)))
    return conv_2d.read(OpContext(graph, graph.operations[0]))


@pytest.mark.parametrize(("one_more", "chunk"), [(0, 16), (1, 8)])
def test_a_chunk_is_as_long_as_its_sums_fit(one_more: int, chunk: int) -> None:
    weights = LIMIT.copy()
    assert np.abs(weights).sum(axis=(1, 2, 3)).tolist() == [16448] * 4
    weights[2, 0, 0, 15] += one_more
    words = KERNEL.lower(layer((4, 4, 16), 4, weights=weights), RV32).arrays[0].values
    assert words[:2].tolist() == [chunk, 16 // chunk]


@pytest.mark.parametrize(
    ("options", "chosen"),
    [
        ({"image": (8, 8, 16), "channels": 16}, "conv_2d_winograd_packed_s8"),
        ({"image": (8, 8, 16), "channels": 16, "stride": (2, 2)}, "conv_2d_packed_s8"),
        ({"image": (8, 8, 16), "channels": 16, "filter_size": (1, 1)}, "conv_2d_packed_s8"),
        ({"image": (2, 2, 16), "channels": 16}, "conv_2d_packed_s8"),
    ],
)
def test_is_chosen_where_it_saves(options: dict[str, Any], chosen: str) -> None:
    (found,) = explain(read_tflite(model_of(convolution(**options))), RV32)
    assert found.function == chosen
