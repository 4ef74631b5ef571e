"""Convolutions with Helium: what is refused, and TFLM's bytes from C and on an emulated Cortex-M55."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tinyml_pipeline.compiler.explain import explain
from tinyml_pipeline.compiler.program import make_program
from tinyml_pipeline.compiler.read_tflite import read_tflite
from tinyml_pipeline.compiler.target import find_target

from tests.kernels.convolution_cases import Cases
from tests.ops.check import Build, model_of
from tests.ops.convolutions import convolution

M55 = find_target("cortex-m55", "speed")
POINTWISE = {"filter_size": (1, 1)}
RELU = {"wanted": (0.3, -128), "activation": "RELU"}
ALTERNATING = np.resize([127, -128], 4 * 200).reshape(4, 1, 1, 200)
CASES: dict[str, dict[str, Any]] = {
    "one_pixel": {"image": (1, 1, 16), "channels": 4, **POINTWISE},
    "two_pixels_of_one_channel": {"image": (2, 1, 16), "channels": 1, **POINTWISE},
    "three_pixels_of_two_chunks": {"image": (1, 3, 32), "channels": 7, **POINTWISE, **RELU},
    "pixels_of_batches": {"image": (1, 3, 48), "channels": 8, "batches": 2, **POINTWISE},
    "four_chunks": {"image": (3, 3, 64), "channels": 12, **POINTWISE, **RELU},
    "a_rest_of_inputs": {"image": (2, 3, 19), "channels": 6, **POINTWISE},
    "one_input": {"image": (2, 3, 1), "channels": 5, **POINTWISE, **RELU},
    "pointwise_stride": {"image": (5, 6, 16), "channels": 4, "stride": (2, 2), **POINTWISE},
    "pointwise_stride_of_a_rest": {"image": (6, 5, 9), "channels": 4, "stride": (3, 2), **POINTWISE},
    "highest_weights": {"image": (2, 2, 40), "channels": 4, "weights": 127, **POINTWISE},
    "lowest_weights": {"image": (2, 2, 40), "channels": 3, "weights": -128, **POINTWISE},
    "alternating_weights": {"image": (1, 3, 200), "channels": 4, "weights": ALTERNATING, **POINTWISE},
    "three_by_three": {"image": (4, 5, 16), "channels": 6},
    "three_by_three_relu": {"image": (4, 3, 32), "channels": 4, **RELU},
    "three_inputs": {"image": (7, 7, 3), "channels": 16, **RELU},
    "along_rows": {"image": (3, 9, 5), "channels": 4},
    "valid_padding": {"image": (6, 7, 4), "channels": 5, "same": False},
    "stride_2": {"image": (8, 9, 4), "channels": 4, "stride": (2, 2)},
    "strides_beyond_the_filter": {"image": (13, 11, 3), "channels": 4, "stride": (4, 5)},
    "batches": {"image": (3, 4, 5), "channels": 4, "batches": 2},
    "one_row": {"image": (1, 17, 6), "channels": 5, "filter_size": (1, 5), "stride": (1, 2)},
    "filter_beyond_the_image": {"image": (2, 2, 5), "channels": 4, "filter_size": (5, 7)},
    "first_layer_of_speech": {"image": (12, 10, 1), "channels": 6, "filter_size": (10, 4), "stride": (2, 2)},
    "zero_points_at_the_high_end": {"image": (3, 3, 4), "channels": 4, "given": (0.05, 127), "wanted": (0.3, 127)},
    "relu6": {"image": (3, 4, 4), "channels": 4, "wanted": (0.05, -100), "activation": "RELU6"},
    "per_tensor": {"image": (4, 4, 4), "channels": 5, "weight_scale": 0.01},
    "largest_unsigned_scale": {"image": (3, 3, 4), "channels": 4, "weight_scale": 5.9, **RELU},
    "largest_signed_scale": {"image": (3, 3, 4), "channels": 4, "weight_scale": 2.9, "wanted": (0.3, 5)},
    "constant_channels": {"image": (3, 3, 4), "channels": 4, "bias": [2**30, 5, -(2**30), 9], "weight_scale": 0.002},
}  # fmt: skip


def make(case: dict[str, Any]) -> Build:
    image, channels = case.pop("image"), case.pop("channels")
    case.setdefault("wanted", (0.02 * np.sqrt(image[2] * 9) * 0.5, 4))
    return convolution(image, channels, case.pop("filter_size", (3, 3)), **case)


ALL = Cases(CASES, make, 6)


def test_each_case_gets_the_kernel() -> None:
    assert ALL.kernels(M55) == {"conv_2d_mve_s8"}


def test_the_cases_have_every_form() -> None:
    """Signed sums and others, strips and none."""
    calls = [call for step in make_program(read_tflite(ALL.tflite), M55).steps for call in step.lowering.calls]
    forms = {(call.function, call.arguments[3] is None) for call in calls}
    assert forms == {(name, direct) for name in ("conv_2d_mve_s8", "conv_2d_mve_relu_s8") for direct in (True, False)}


def test_the_same_layout_in_c(tmp_path: Path) -> None:
    ALL.check_on_host(M55, "gcc", tmp_path)


def test_on_the_processor(tmp_path: Path) -> None:
    ALL.check_on_processor("sim-cortex-m55", tmp_path)


REFUSED = {
    "groups": ({"groups": 2}, "2 groups of channels; at most 1"),
    "dilation": ({"dilation": (1, 2)}, "a dilation of 1x2; only 1x1"),
    "unsigned_scale": ({"weight_scale": 6.1, **RELU}, "a scale of 1 or more"),
    "signed_scale": ({"weight_scale": 3.1, "wanted": (0.3, 5)}, "a scale of 0.5 or more"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refuses(case: str) -> None:
    changes, reason = REFUSED[case]
    (layer,) = explain(read_tflite(model_of(convolution((6, 6, 4), 4, **changes))), M55)  # type: ignore[arg-type]
    assert dict(layer.others)["conv_2d_mve_s8"] == reason
