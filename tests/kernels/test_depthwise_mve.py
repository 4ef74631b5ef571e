"""Depthwise filters of 3x3 with Helium: what is refused, and TFLM's bytes from C and on an emulated Cortex-M55."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tinyml_pipeline.compiler.explain import explain
from tinyml_pipeline.compiler.kernel import Kernel
from tinyml_pipeline.compiler.kernels import depthwise_conv_2d_mve_s8
from tinyml_pipeline.compiler.program import make_program
from tinyml_pipeline.compiler.read_tflite import read_tflite
from tinyml_pipeline.compiler.target import find_target

from tests.kernels.convolution_cases import Cases
from tests.ops.check import Build, model_of
from tests.ops.convolutions import convolution

M55 = find_target("cortex-m55", "speed")
STRIDE_2 = {"stride": (2, 2)}
RELU = {"wanted": (0.3, -128), "activation": "RELU"}
CASES: dict[str, dict[str, Any]] = {
    "one_pixel_of_one_channel": {"image": (1, 1, 1)},
    "one_output": {"image": (3, 3, 8), "same": False},
    "two_pixels": {"image": (1, 2, 8)},
    "one_line": {"image": (1, 6, 4), **RELU},
    "two_lines": {"image": (2, 7, 4)},
    "four_outputs": {"image": (4, 3, 16), **RELU},
    "five_outputs": {"image": (5, 5, 9)},
    "along_rows": {"image": (5, 9, 8)},
    "along_rows_relu": {"image": (4, 8, 3), **RELU},
    "long_lines": {"image": (40, 2, 11), **RELU},
    "valid_padding": {"image": (6, 7, 10), "same": False},
    "batches": {"image": (3, 4, 9), "batches": 3},
    "stride_2": {"image": (7, 9, 12), **STRIDE_2},
    "stride_2_even": {"image": (8, 6, 6), **STRIDE_2, **RELU},
    "stride_2_one_output": {"image": (2, 2, 8), **STRIDE_2},
    "stride_2_valid_leaves_a_rest": {"image": (8, 10, 4), "same": False, **STRIDE_2},
    "stride_2_long": {"image": (31, 2, 17), **STRIDE_2},
    "highest_weights": {"image": (4, 4, 4), "weights": 127},
    "lowest_weights": {"image": (4, 4, 4), "weights": -128},
    "zero_points_at_the_high_end": {"image": (4, 4, 4), "given": (0.05, 127), "wanted": (0.3, 127)},
    "relu6": {"image": (4, 4, 4), "wanted": (0.05, -100), "activation": "RELU6"},
    "constant_channels": {"image": (3, 3, 4), "bias": [2**30, 5, -(2**30), 9], "weight_scale": 0.002},
    "per_tensor": {"image": (4, 4, 4), "weight_scale": 0.01},
    "largest_scale": {"image": (4, 4, 4), "weight_scale": 5.9, **RELU},
}  # fmt: skip


def make(case: dict[str, Any]) -> Build:
    image = case.pop("image")
    return convolution(image, image[2], depthwise=True, **case)


ALL = Cases(CASES, make, 6)


@pytest.fixture
def forced(only: Callable[[Kernel[Any]], None]) -> None:
    """For the smallest images there are cheaper ones."""
    only(depthwise_conv_2d_mve_s8.KERNEL)


@pytest.mark.usefixtures("forced")
def test_each_case_gets_the_kernel() -> None:
    assert ALL.kernels(M55) == {"depthwise_conv_2d_mve_s8"}


@pytest.mark.usefixtures("forced")
def test_the_cases_have_every_form() -> None:
    calls = [call for step in make_program(read_tflite(ALL.tflite), M55).steps for call in step.lowering.calls]
    forms = ("", "_relu", "_stride_2", "_stride_2_relu")
    assert {call.function for call in calls} == {f"depthwise_conv_2d_mve{form}_s8" for form in forms}


@pytest.mark.usefixtures("forced")
def test_the_same_layout_in_c(tmp_path: Path) -> None:
    ALL.check_on_host(M55, "gcc", tmp_path)


@pytest.mark.usefixtures("forced")
def test_on_the_processor(tmp_path: Path) -> None:
    ALL.check_on_processor("sim-cortex-m55", tmp_path)


REFUSED = {
    "filter": ({"filter_size": (3, 2)}, "filters of 3x2; only 3x3"),
    "dilation": ({"dilation": (2, 1)}, "a dilation of 2x1; only 1x1"),
    "stride": ({"stride": (1, 2)}, "a stride of 1x2; only 1x1 and 2x2"),
    "multiplier": ({"channels": 8}, "2 outputs per channel; at most 1"),
    "scale": ({"weight_scale": 3.1, "wanted": (0.3, 5)}, "a scale of 0.5 or more"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refuses(case: str) -> None:
    changes, reason = REFUSED[case]
    options: dict[str, Any] = {"image": (6, 6, 4), "channels": 4, **changes}
    (layer,) = explain(read_tflite(model_of(convolution(depthwise=True, **options))), M55)
    assert dict(layer.others)["depthwise_conv_2d_mve_s8"] == reason


@pytest.mark.parametrize(("outputs", "is_taken"), [(3116, True), (3117, False)])
def test_strips_end_within_16_bits(outputs: int, is_taken: bool) -> None:
    """3 * (outputs - 2) + 16 bytes for each of eight channels, at offsets up to 65535."""
    (layer,) = explain(read_tflite(model_of(convolution((outputs, 1, 1), 1, depthwise=True))), M55)
    assert (layer.function == "depthwise_conv_2d_mve_s8") == is_taken
