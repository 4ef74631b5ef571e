"""Sums as one linear form: the search, its limits, and what a form must give."""

from __future__ import annotations

import numpy as np
import pytest
from tinyml_pipeline.compiler.fixed_point import multiply_by_quantized_multiplier
from tinyml_pipeline.compiler.kernels.sum_linear_s8 import KERNEL, Linear, find_linear, scales_of
from tinyml_pipeline.compiler.ops import add
from tinyml_pipeline.compiler.ops._binary import Sum
from tinyml_pipeline.compiler.ops._context import OpContext
from tinyml_pipeline.compiler.read_tflite import read_tflite
from tinyml_pipeline.compiler.target import Target

from tests.ops.test_elementwise import binary


def a_sum(first: tuple[float, int], second: tuple[float, int], output: tuple[float, int]) -> Sum:
    graph = read_tflite(binary("ADD", first=first, second=second, output=output))
    return add.read(OpContext(graph, graph.operations[0]))


def outputs_of(linear: Linear) -> np.ndarray:
    values = np.arange(-128, 128)
    sums = linear.first_factor * values[:, None] + linear.second_factor * values + linear.offset
    assert np.abs(sums).max() < 2**31
    return np.clip(sums >> linear.shift, -128, 127)


@pytest.mark.parametrize("seed", range(12))
def test_a_form_gives_every_output(seed: int) -> None:
    """Against TFLM's formula in Python's integers; a form that is found holds everywhere, or there is none."""
    rng = np.random.default_rng(seed)
    scales, zero_points = np.exp(rng.uniform(-3, 1, 3)), rng.integers(-128, 128, 3)
    op = a_sum(*((float(scale), int(zero)) for scale, zero in zip(scales, zero_points, strict=True)))
    linear = find_linear(scales_of(op))
    if linear is None:
        assert KERNEL.refuses(op, Target()) == "no linear form gives every output"
        return
    found = outputs_of(linear)
    for first in range(-128, 128, 17):
        a = multiply_by_quantized_multiplier((first - op.first_zero_point) << 20, *op.first_scale)
        for second in range(-128, 128):
            b = multiply_by_quantized_multiplier((second - op.second_zero_point) << 20, *op.second_scale)
            wanted = multiply_by_quantized_multiplier(a + b, *op.output_scale) + op.output_zero_point
            assert found[first + 128, second + 128] == min(max(wanted, -128), 127)


def test_most_sums_have_a_form() -> None:
    rng = np.random.default_rng(1)
    found = 0
    for first, second, output in np.exp(rng.uniform(-1, 1, (20, 3))):
        op = a_sum((float(first), -128), (float(second), 3), (float(output), -5))
        found += find_linear(scales_of(op)) is not None
    assert found >= 12
