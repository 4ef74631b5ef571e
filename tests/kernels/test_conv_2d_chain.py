"""Convolutions in 64-bit accumulators: proofs at their limits, and TFLM's bytes from C and assembly."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tinyml_pipeline.compiler.kernel import Kernel
from tinyml_pipeline.compiler.kernels import conv_2d_chain_s8
from tinyml_pipeline.compiler.kernels._chain import fields_hold, make_chain
from tinyml_pipeline.compiler.kernels._single_add import SingleAdd, single_add
from tinyml_pipeline.compiler.ops import conv_2d
from tinyml_pipeline.compiler.ops._context import OpContext
from tinyml_pipeline.compiler.ops.conv_2d import Conv2D
from tinyml_pipeline.compiler.program import make_program
from tinyml_pipeline.compiler.read_tflite import read_tflite
from tinyml_pipeline.compiler.target import find_target

from tests.kernels.convolution_cases import Cases
from tests.ops.check import Build, model_of
from tests.ops.convolutions import convolution

M4 = find_target("cortex-m4", "speed")
ALTERNATING = np.resize([127, -128], 4 * 200).reshape(4, 1, 1, 200)
MODERATE = np.random.default_rng(2).integers(-40, 41, (5, 1, 1, 132))
RELU = {"wanted": (0.3, -128), "activation": "RELU"}
CASES: dict[str, dict[str, Any]] = {
    "two_channels_of_two_inputs": {"image": (3, 3, 2), "channels": 2, "filter_size": (1, 1)},
    "one_pixel": {"image": (1, 1, 8), "channels": 8, "filter_size": (1, 1)},
    "two_pixels": {"image": (1, 2, 5), "channels": 3, "filter_size": (1, 1)},
    "four_pixels": {"image": (2, 2, 7), "channels": 5, "filter_size": (1, 1)},
    "five_pixels_of_batches": {"image": (1, 5, 6), "channels": 4, "filter_size": (1, 1), "batches": 2},
    "one_pass": {"image": (2, 3, 64), "channels": 6, "filter_size": (1, 1)},
    "one_group_more_than_a_pass": {"image": (2, 3, 65), "channels": 6, "filter_size": (1, 1)},
    "two_passes": {"image": (2, 2, 128), "channels": 3, "filter_size": (1, 1)},
    "one_group_more_than_two_passes": {"image": (2, 2, 132), "channels": 3, "filter_size": (1, 1)},
    "highest_weights": {"image": (2, 2, 40), "channels": 4, "filter_size": (1, 1), "weights": 127},
    "lowest_weights": {"image": (2, 2, 40), "channels": 3, "filter_size": (1, 1), "weights": -128},
    "chunks_of_extreme_weights": {"image": (2, 4, 200), "channels": 4, "filter_size": (1, 1), "weights": ALTERNATING},
    "chunks_of_three_by_three": {"image": (4, 5, 40), "channels": 6},
    "padded": {"image": (5, 7, 9), "channels": 4},
    "strided_and_dilated": {"image": (9, 8, 3), "channels": 5, "stride": (2, 3), "dilation": (2, 1)},
    "first_layer_of_speech": {"image": (12, 10, 1), "channels": 6, "filter_size": (10, 4), "stride": (2, 2)},
    "zero_point_at_the_high_end": {"image": (3, 3, 4), "channels": 4, "given": (0.05, 127), "wanted": (0.3, 127)},
    "relu": {"image": (4, 5, 16), "channels": 8, "wanted": (0.3, -128), "activation": "RELU"},
    "relu_of_two_passes": {"image": (2, 4, 132), "channels": 5, "filter_size": (1, 1), "weights": MODERATE, **RELU},
    "relu_of_an_odd_number": {"image": (3, 5, 8), "channels": 7, **RELU},
    "relu_of_large_scales": {"image": (3, 5, 4), "channels": 4, "weight_scale": 0.02, "wanted": (0.06, -128)},
    "relu_of_small_scales": {"image": (2, 5, 4), "channels": 4, "weight_scale": 0.005, **RELU},
    "relu_chunks": {"image": (3, 3, 96), "channels": 5, "wanted": (0.3, -128), "activation": "RELU"},
    "constant_channels": {"image": (3, 3, 8), "channels": 4, "bias": [2**30, 5, -(2**30), 9], "weight_scale": 0.002},
    "only_constant_channels": {"image": (4, 5, 8), "channels": 4, "bias": [2**30] * 4, "weight_scale": 0.002},
    "dilated_pieces_of_whole_groups": {"image": (5, 6, 4), "channels": 4, "dilation": (1, 2)},
    "left_shift": {"image": (3, 3, 8), "channels": 4, "weight_scale": 20.0, "wanted": (0.3, -128)},
}  # fmt: skip


def make(case: dict[str, Any]) -> Build:
    image, channels = case.pop("image"), case.pop("channels")
    case.setdefault("wanted", (0.02 * np.sqrt(image[2] * 9) * 0.5, 4))
    return convolution(image, channels, case.pop("filter_size", (3, 3)), **case)


ALL = Cases(CASES, make, 40)


@pytest.fixture(autouse=True)
def _only_this_kernel(only: Callable[[Kernel[Conv2D]], None]) -> None:
    """For filters of 3x3 with stride 1 there are faster ones."""
    only(conv_2d_chain_s8.KERNEL)


def test_each_case_gets_the_kernel() -> None:
    assert ALL.kernels(M4) == {"conv_2d_chain_s8"}


def test_the_cases_have_every_form() -> None:
    """Signed sums, unsigned ones, and fitted scales of all shifts."""
    steps = make_program(read_tflite(ALL.tflite), M4).steps
    calls = [call for step in steps for call in step.lowering.calls]
    assert {call.function for call in calls} == {f"conv_2d_chain{kind}_s8" for kind in ("", "_relu", "_fitted")}
    shifts = {step.lowering.structs[0].fields["shift"] for step in steps}
    assert shifts == {0, 14, 15, 18}


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_the_same_layout_in_c(compiler: str, tmp_path: Path) -> None:
    ALL.check_on_host(M4, compiler, tmp_path)


@pytest.mark.parametrize("board", ["sim-cortex-m4", "sim-cortex-m33", "sim-cortex-m55"])
def test_on_the_processor(board: str, tmp_path: Path) -> None:
    ALL.check_on_processor(board, tmp_path)


@pytest.mark.parametrize(
    ("first", "second", "accepted"),
    [
        (12336, 4112, True),  # 255 * 16448 < 2^22 <= 255 * 16449; 255 * 4112 < 2^20 <= 255 * 4113
        (12337, 4112, False),
        (12335, 4113, False),
        (8224, 4112, True),
        (8224, 4113, False),
    ],
)
def test_fields_hold_up_to_their_limits(first: int, second: int, accepted: bool) -> None:
    """The sums of a pair's weights, and an input of 255 everywhere: the fields are right exactly if they hold."""
    weights = np.zeros((2, 1, 100), np.int64)
    for channel, total in enumerate((first, second)):
        weights[channel, 0] = [*[127] * (total // 127), total % 127, *[0] * (99 - total // 127)]
    assert fields_hold(weights, ((0, 1),)) == accepted
    a = weights[0, 0].astype(object) + (weights[1, 0].astype(object) << 22)
    sums = int((a * (255 + (255 << 22))).sum()) & (2**64 - 1)
    fields = sums & (2**22 - 1), sums >> 22 & (2**22 - 1), sums >> 44
    assert (fields == (255 * first, 255 * (first + second), 255 * second)) == accepted


def a_convolution(**changes: Any) -> Conv2D:
    graph = read_tflite(model_of(convolution((2, 2, 200), 4, (1, 1), **changes)))
    return conv_2d.read(OpContext(graph, graph.operations[0]))


@pytest.mark.parametrize(("weight", "chunks"), [(20, 1), (21, 2), (41, 2), (127, 7)])
def test_chunks_are_as_few_as_the_weights_allow(weight: int, chunks: int) -> None:
    """200 products of 20 make 255 * 4000, below 2^20."""
    op = a_convolution(weights=weight, wanted=(3.0, 0))
    sums = single_add(op.channels)
    assert isinstance(sums, SingleAdd)
    assert make_chain(op.filters.reshape(4, 1, -1), sums, op.channels).chunks == chunks


@pytest.mark.parametrize(("highest", "accepted"), [(2**23 - 1, True), (2**23, False)])
def test_sums_fit_24_bits(highest: int, accepted: bool) -> None:
    op = a_convolution(wanted=(3.0, 0), weight_scale=1e-5)
    channels = replace(op.channels, highest=np.array([highest, 0, 0, 0]))
    reason = conv_2d_chain_s8.KERNEL.refuses(replace(op, channels=channels), M4)
    assert reason == (None if accepted else "a sum reaches 8388608; at most 8388607")


def test_a_channel_is_constant_only_if_all_its_sums_give_one_output() -> None:
    op = a_convolution(wanted=(0.3, 0), weight_scale=0.01, weights=0, bias=[100_000, 2, -100_000, 9])
    channels = replace(op.channels, lowest=np.array([90_000, 0, -100_000, 0]), highest=np.array([91_000, 0, 0, 90_000]))
    sums = single_add(channels)
    assert isinstance(sums, SingleAdd)
    assert sums.is_constant.tolist() == [True, True, False, False]
    assert [scale.offset for scale in sums.scales[:2]] == [127, 0]
