"""Depthwise filters of 3x3 on planes of pairs of lines: what is refused, and TFLM's bytes from C and assembly."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tinyml_pipeline.compiler.explain import explain
from tinyml_pipeline.compiler.kernels import depthwise_conv_2d_planes_s8
from tinyml_pipeline.compiler.ops import depthwise_conv_2d
from tinyml_pipeline.compiler.ops._context import OpContext
from tinyml_pipeline.compiler.program import make_program
from tinyml_pipeline.compiler.read_tflite import read_tflite
from tinyml_pipeline.compiler.target import find_target

from tests.host import compile_model, run_program
from tests.kernels.convolution_cases import Cases
from tests.networks import edge_vectors
from tests.ops.check import Build, model_of
from tests.ops.convolutions import convolution
from tests.oracle import run_tflm
from tests.tflite_writer import Writer

M4 = find_target("cortex-m4", "speed")
STRIDE_2 = {"stride": (2, 2)}
RELU = {"wanted": (0.3, -128), "activation": "RELU"}
CASES: dict[str, dict[str, Any]] = {
    "two_pixels": {"image": (1, 2, 8)},
    "one_line": {"image": (1, 6, 4)},
    "two_lines": {"image": (2, 7, 4)},
    "three_lines": {"image": (3, 8, 4)},
    "lines_run_down": {"image": (8, 3, 4)},
    "lines_run_down_relu": {"image": (7, 4, 8), **RELU},
    "a_rest_of_channels": {"image": (5, 5, 7)},
    "a_rest_of_three_channels": {"image": (4, 5, 11), **RELU},
    "strips": {"image": (9, 60, 5)},
    "strips_relu": {"image": (11, 61, 4), **RELU},
    "valid_padding": {"image": (5, 6, 4), "same": False},
    "batches": {"image": (3, 4, 5), "batches": 3},
    "stride_2": {"image": (7, 9, 4), **STRIDE_2},
    "stride_2_even": {"image": (8, 6, 6), **STRIDE_2, **RELU},
    "stride_2_down": {"image": (9, 4, 4), **STRIDE_2},
    "stride_2_valid_leaves_a_rest": {"image": (8, 10, 4), "same": False, **STRIDE_2},
    "stride_2_strips": {"image": (24, 62, 4), **STRIDE_2},
    "lowest_weights": {"image": (4, 4, 4), "weights": -128},
    "zero_points_at_the_high_end": {"image": (4, 4, 4), "given": (0.05, 127), "wanted": (0.3, 127)},
    "constant_channels": {"image": (3, 3, 4), "bias": [2**30, 5, -(2**30), 9], "weight_scale": 0.002},
    "per_tensor": {"image": (4, 4, 4), "weight_scale": 0.01},
}  # fmt: skip


def make(case: dict[str, Any]) -> Build:
    image = case.pop("image")
    return convolution(image, image[2], depthwise=True, **case)


ALL = Cases(CASES, make, 24)


def test_each_case_gets_the_kernel() -> None:
    assert ALL.kernels(M4) == {"depthwise_conv_2d_planes_s8"}


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_the_same_layout_in_c(compiler: str, tmp_path: Path) -> None:
    ALL.check_on_host(M4, compiler, tmp_path)


@pytest.mark.parametrize("board", ["sim-cortex-m4", "sim-cortex-m33", "sim-cortex-m55"])
def test_on_the_processor(board: str, tmp_path: Path) -> None:
    ALL.check_on_processor(board, tmp_path)


@pytest.mark.parametrize(("image", "shares"), [((7, 6, 8), True), ((7, 6, 10), False), ((16, 60, 8), False)])
def test_outputs_take_the_memory_of_the_inputs(image: tuple[int, int, int], shares: bool, tmp_path: Path) -> None:
    """Unless channels are read again after their outputs were written, for a group of four or a strip of lines."""
    writer, depth = Writer(), image[2]
    sources, last = convolution(image, depth, (3, 3), depthwise=True)(writer)  # a convolution would be joined
    for depthwise in (True, False):
        size = (3, 3) if depthwise else (1, 1)
        build = convolution(image, depth, size, depthwise=depthwise, given=(0.3, 4), source=last[0])
        _, last = build(writer)
    tflite = writer.build(sources, last)
    program = make_program(read_tflite(tflite), M4)
    layer = program.steps[1]
    assert layer.choice.chosen.kernel is depthwise_conv_2d_planes_s8.KERNEL
    storages = [program.storages[layer.operation.outputs[0]], program.storages[layer.operation.inputs[0]]]
    assert (storages[0] == storages[1]) == shares
    vectors = (edge_vectors(np.random.default_rng(3), (1, *image), 8),)
    (actual,) = run_program(compile_model(tflite, M4), vectors, tmp_path)
    np.testing.assert_array_equal(actual, run_tflm(tflite, vectors)[0])


REFUSED = {
    "filter": ({"filter_size": (3, 2)}, "filters of 3x2; only 3x3"),
    "dilation": ({"dilation": (2, 1)}, "a dilation of 2x1; only 1x1"),
    "stride": ({"stride": (1, 2)}, "a stride of 1x2; only 1x1 and 2x2"),
    "channels": ({"image": (4, 4, 3), "channels": 3}, "3 channels; at least 4"),
    "multiplier": ({"image": (4, 4, 4), "channels": 8}, "2 outputs per channel; at most 1"),
    "clamp": ({"activation": "RELU6", "wanted": (0.05, 0)}, "outputs are clamped to 0 to 120; only to -128 to 127"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refuses(case: str) -> None:
    changes, reason = REFUSED[case]
    options = {"image": (6, 6, 4), "channels": 4, **changes}
    graph = read_tflite(model_of(convolution(depthwise=True, **options)))
    (layer,) = explain(graph, M4)
    assert dict(layer.others)["depthwise_conv_2d_planes_s8"] == reason


@pytest.mark.parametrize(("highest", "accepted"), [(2**23 - 1, True), (2**23, False)])
def test_sums_fit_24_bits(highest: int, accepted: bool) -> None:
    graph = read_tflite(model_of(convolution((4, 4, 4), 4, depthwise=True, wanted=(3.0, 0), weight_scale=1e-5)))
    op = depthwise_conv_2d.read(OpContext(graph, graph.operations[0]))
    channels = replace(op.channels, highest=np.array([0, highest, 0, 0]))
    reason = depthwise_conv_2d_planes_s8.KERNEL.refuses(replace(op, channels=channels), M4)
    assert reason == (None if accepted else "a sum reaches 8388608; at most 8388607")
