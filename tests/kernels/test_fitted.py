"""Requantization with fitted constants: every sum gives TFLM's output, and what cannot be fitted is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tinyml_pipeline.compiler.fixed_point import INT32_MAX, multiply_by_quantized_multiplier
from tinyml_pipeline.compiler.kernels import conv_2d_chain_s8, depthwise_conv_2d_planes_s8
from tinyml_pipeline.compiler.kernels._chain import FIELD_SCALE, FITTED_SHIFTS
from tinyml_pipeline.compiler.kernels._fitted import Steps, fit, fit_all, fit_starts, steps_of
from tinyml_pipeline.compiler.ops import conv_2d, depthwise_conv_2d
from tinyml_pipeline.compiler.ops._channels import Channels
from tinyml_pipeline.compiler.ops._context import OpContext
from tinyml_pipeline.compiler.read_tflite import read_tflite
from tinyml_pipeline.compiler.target import find_target

from tests.ops.check import model_of
from tests.ops.convolutions import convolution

M4 = find_target("cortex-m4", "speed")
LAYERS: dict[str, dict[str, Any]] = {
    "relu": {"wanted": (0.3, -128), "activation": "RELU"},
    "zero_point_at_the_low_end": {"wanted": (0.5, -128)},
    "inputs_at_the_high_end": {"wanted": (0.3, -128), "given": (0.05, 127)},
}


def channels_of(**options: Any) -> Channels:
    graph = read_tflite(model_of(convolution((3, 3, 4), 8, **options)))
    return conv_2d.read(OpContext(graph, graph.operations[0])).channels


def every_output(channels: Channels, channel: int) -> tuple[np.ndarray[Any, Any], list[int]]:
    """Each reachable sum, and what TFLM makes of it."""
    sums = np.arange(int(channels.lowest[channel]), int(channels.highest[channel]) + 1)
    scale = channels.pair(channel)
    scaled = (multiply_by_quantized_multiplier(sum_, *scale) + channels.output_zero_point for sum_ in sums.tolist())
    return sums, [min(max(one, channels.output_min), channels.output_max) for one in scaled]


@pytest.mark.parametrize("case", LAYERS)
def test_every_sum(case: str) -> None:
    channels = channels_of(**LAYERS[case])
    numbers = np.array([1, 4])
    chain = fit_all(channels, numbers, FIELD_SCALE, -channels.lowest, FITTED_SHIFTS)
    starts = fit_starts(channels, numbers, 256, 12)
    assert chain is not None
    assert starts is not None
    for channel in numbers.tolist():
        sums, wanted = every_output(channels, channel)
        one = chain.channels[channel]
        fine = FIELD_SCALE * (sums - channels.lowest[channel])
        assert fine.max() <= INT32_MAX
        made = ((fine * one.multiplier >> 32) + one.offset) >> chain.shift
        np.testing.assert_array_equal(np.clip(made, -128, 127), wanted)
        fine = 256 * sums + starts[channel].offset
        assert np.abs(fine).max() <= INT32_MAX
        np.testing.assert_array_equal(np.clip(fine * starts[channel].multiplier >> 32 >> 12, -128, 127), wanted)


def a_layer() -> tuple[Channels, Steps]:
    channels = channels_of(**LAYERS["relu"])
    steps = steps_of(channels, 5)
    assert steps is not None
    return channels, steps


@pytest.mark.parametrize(("moved", "fits"), [(0, True), (2, False), (-2, False)])
def test_a_step_elsewhere_is_refused(moved: int, fits: bool) -> None:
    """A step that is two sums away from where the others are in line with: no line takes it."""
    channels, steps = a_layer()
    firsts = steps.firsts.copy()
    firsts[len(firsts) // 2] += moved
    found = fit(steps._replace(firsts=firsts), channels.real(5), FIELD_SCALE, -steps.lowest, 15)
    assert (found is not None) == fits


def test_fields_fit_31_bits() -> None:
    """2^10 times the highest field: one less than 2^21 is the last that fits."""
    channels, steps = a_layer()
    for highest, fits in ((2**21 - 1, True), (2**21, False)):
        found = fit(steps, channels.real(5), FIELD_SCALE, highest - steps.highest, 15)
        assert (found is not None) == fits


@pytest.mark.parametrize("shift", [14, 15])
def test_multipliers_fit_31_bits(shift: int) -> None:
    steps = Steps(np.arange(-127, 128), np.arange(-127, 128) * 4, -512, 512, -128)
    real = 2.0 ** (31 - 22 - shift)
    assert fit(steps, real, FIELD_SCALE, 512, shift) is None


def test_sums_that_wrap_have_no_steps() -> None:
    channels = channels_of(**LAYERS["relu"])
    assert steps_of(replace(channels, multipliers=(2**30,), shifts=(24,)), 0) is None


def functions(kernel: Any, read: Any, **options: Any) -> str:
    graph = read_tflite(model_of(convolution(**options)))
    (call,) = kernel.lower(read(OpContext(graph, graph.operations[0])), M4).calls
    return str(call.function)


@pytest.mark.parametrize(("wanted", "kind"), [((0.3, -128), "_fitted"), ((0.3, -100), "")])
def test_layers_that_keep_negative_sums_are_not_fitted(wanted: tuple[float, int], kind: str) -> None:
    """A half below zero is rounded away from it, and no line does that."""
    options = {"image": (5, 5, 4), "channels": 4, "wanted": wanted, "weight_scale": 0.005}
    assert functions(conv_2d_chain_s8.KERNEL, conv_2d.read, **options) == f"conv_2d_chain{kind}_s8"
    planes = functions(depthwise_conv_2d_planes_s8.KERNEL, depthwise_conv_2d.read, depthwise=True, **options)
    assert planes == f"depthwise_conv_2d_planes{kind}_s8"
