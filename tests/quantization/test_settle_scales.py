"""Scales on which all releases of TFLM agree: found close by, and nothing else changes."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tinyml_pipeline.compiler.read_tflite import read_tflite
from tinyml_pipeline.quantization import settle_scales as module
from tinyml_pipeline.quantization.settle_scales import fixed_point_multipliers, settle_scales

SCALES = st.floats(2**-14, 8, width=32)


@given(st.integers(1, 10_000), SCALES, SCALES)
@settings(derandomize=True, deadline=None)
def test_a_settled_scale_is_found_close_by(steps: int, weight: float, output: float) -> None:
    """For inputs whose domain is a whole number wide, unless that makes their scale a fraction of very few digits."""
    assume(math.gcd(steps, 255) == 1)
    input_scale = float(np.float32(steps / 255))
    found = module._closest_settled(input_scale, weight, output)
    in_float, in_double = fixed_point_multipliers(input_scale, found, output)
    assert in_float == in_double
    assert abs(found - weight) <= 3e-3 * weight


@given(SCALES, SCALES, SCALES)
@settings(derandomize=True, deadline=None)
def test_it_never_gets_worse(input_scale: float, weight: float, output: float) -> None:
    found = module._closest_settled(input_scale, weight, output)
    before, after = (fixed_point_multipliers(input_scale, scale, output) for scale in (weight, found))
    assert abs(after[0] - after[1]) <= abs(before[0] - before[1])
    assert abs(found - weight) <= 3e-3 * weight


def test_an_exact_product_is_left_alone() -> None:
    assert module._closest_settled(0.5, 0.25, 0.125) == 0.25


def test_the_two_products_are_those_of_the_releases() -> None:
    """The adder's last layer as it came from the converter once: one output in 65,536 differed."""
    scales = (0.4712604284286499, 0.004625624977052212, 0.7843135595321655)
    in_float, in_double = fixed_point_multipliers(*scales)
    assert in_float != in_double


@pytest.mark.parametrize("fixture", ["linear_tflite", "adder_tflite"])
def test_only_scales_and_biases_change(fixture: str, request: pytest.FixtureRequest) -> None:
    before = request.getfixturevalue(fixture)
    after, graph = settle_scales(before)
    assert graph == read_tflite(after)
    assert len(after) == len(before)
    assert settle_scales(after) == (after, graph)
    old, new = read_tflite(before), read_tflite(after)
    assert old.operations == new.operations
    for operation in new.operations:
        quantizations = [new.tensors[i].quantization for i in (*operation.inputs[:2], operation.outputs[0])]
        in_float, in_double = fixed_point_multipliers(*[q.scale for q in quantizations if q is not None])
        assert in_float == in_double
        weights, bias = operation.inputs[1:3]
        assert new.tensors[weights].data == old.tensors[weights].data
        product = quantizations[0].scale * quantizations[1].scale  # type: ignore[union-attr]
        assert new.tensors[bias].quantization.scale == np.float32(product)  # type: ignore[union-attr]
        real_old, real_new = (
            graph.tensors[bias].values * graph.tensors[bias].quantization.scale  # type: ignore[union-attr]
            for graph in (old, new)
        )
        np.testing.assert_allclose(real_new, real_old, atol=product)
    for port in (*old.inputs, *old.outputs):
        assert new.tensors[port] == old.tensors[port]
