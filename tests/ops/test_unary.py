"""RELU, RELU6, LEAKY_RELU, LOGISTIC, TANH, QUANTIZE: every int8 input, at the edges of scales and zero points."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tinyml_pipeline.compiler.ops import reader_of
from tinyml_pipeline.compiler.ops._context import OpContext
from tinyml_pipeline.compiler.ops._unary import Unary
from tinyml_pipeline.compiler.read_tflite import read_tflite

from tests.networks import Builder
from tests.ops.check import EVERY_VALUE, assert_exact, assert_refused, unary
from tests.oracle import run_tflm

SIGMOID = {"output_scale": 1 / 256, "output_zero_point": -128}
EXACT = {
    "relu_same_scale": unary("RELU"),
    "relu_zero_points_at_the_ends": unary("RELU", zero_point=127, output_zero_point=-128),
    "relu_finer_output": unary("RELU", scale=0.1, output_scale=0.013, zero_point=-7, output_zero_point=11),
    "relu_coarser_output": unary("RELU", scale=0.01, output_scale=0.9, zero_point=3, output_zero_point=-128),
    "relu_left_shift": unary("RELU", scale=8.0, output_scale=0.001),
    "relu_right_shift_30": unary("RELU", scale=2.0**-30, output_scale=1.0, zero_point=-128),
    "relu6_within_range": unary("RELU6", zero_point=-20),
    "relu6_beyond_range": unary("RELU6", scale=0.001, zero_point=-128),
    "relu6_zero_point_127": unary("RELU6", zero_point=127),
    "relu6_ignores_the_output_scale": unary("RELU6", scale=0.05, output_scale=0.3, output_zero_point=9),
    "leaky_relu_0.3": unary("LEAKY_RELU", alpha=0.3, zero_point=5, output_scale=0.07, output_zero_point=-9),
    "leaky_relu_0": unary("LEAKY_RELU", alpha=0.0),
    "leaky_relu_above_1": unary("LEAKY_RELU", alpha=1.7, zero_point=-128, output_zero_point=127),
    "logistic": unary("LOGISTIC", **SIGMOID),
    "logistic_zero_point_-128": unary("LOGISTIC", scale=0.05, zero_point=-128, **SIGMOID),
    "logistic_saturates_at_once": unary("LOGISTIC", scale=20.0, **SIGMOID),
    "logistic_nearly_flat": unary("LOGISTIC", scale=1e-6, zero_point=127, **SIGMOID),
    "tanh": unary("TANH", output_scale=1 / 128),
    "tanh_coarse": unary("TANH", scale=3.0, zero_point=-3, output_scale=1 / 128),
    "tanh_fine": unary("TANH", scale=0.0004, zero_point=127, output_scale=1 / 128),
    "quantize_finer": unary("QUANTIZE", scale=0.1, output_scale=0.03, zero_point=-128, output_zero_point=-128),
    "quantize_coarser": unary("QUANTIZE", scale=0.03, output_scale=0.1, zero_point=127, output_zero_point=-4),
    "quantize_wraps_at_32_bits": unary("QUANTIZE", scale=1e4, output_scale=1e-4, zero_point=3),
    "relu_wraps_at_32_bits": unary("RELU", scale=1e4, output_scale=1e-4),
    "quantize_only_moves_zero": unary("QUANTIZE", zero_point=-128, output_zero_point=127),
}


@pytest.mark.parametrize("name", EXACT)
def test_every_input_gives_what_tflm_gives(name: str, tmp_path: Path) -> None:
    assert_exact(EXACT[name], [EVERY_VALUE[None]], tmp_path)


@pytest.mark.parametrize("kind", ["relu", "leaky_relu", "quantize", "logistic", "tanh"])
def test_tables_equal_tflm_over_many_scales(kind: str) -> None:
    """The host's arithmetic alone, without a C compiler: 200 random scales and zero points, each on every input."""
    for seed in range(200):
        builder = Builder(np.random.default_rng(seed))
        scale = (
            float(np.float32(np.exp(builder.rng.uniform(-12, 3)))) if kind in ("logistic", "tanh") else builder.scale()
        )
        source = builder.tensor((256,), scale, builder.zero_point())
        output = getattr(builder, kind)(source)
        tflite = builder.writer.build([source.index], [output.index])
        graph = read_tflite(tflite)
        op = reader_of(graph.operations[0].name)(OpContext(graph, graph.operations[0]))
        assert isinstance(op, Unary)
        np.testing.assert_array_equal(op.table(), run_tflm(tflite, [EVERY_VALUE[None]])[0][0], err_msg=f"seed {seed}")


REFUSED = {
    "leaky_relu_negative_alpha": (
        unary("LEAKY_RELU", alpha=-0.5),
        "leaky_relu (op 0): alpha -0.5 is unsupported; supported: 0 and above.",
    ),
    "logistic_output_zero_point": (
        unary("LOGISTIC", output_scale=1 / 256, output_zero_point=0),
        "logistic (op 0): an output zero point of 0 is unsupported; supported: -128.",
    ),
    "tanh_input_scale": (
        unary("TANH", scale=1e-9),
        "tanh (op 0): an input scale of 1e-09 is unsupported; supported: 2^-27 to 2^30.",
    ),
    "relu_ratio": (
        unary("RELU", scale=1e6, output_scale=1e-6),
        "relu (op 0): a ratio of scales of 1e+12 is unsupported; supported: ratios below 2^30.",
    ),
    "zero_scale": (
        unary("RELU", scale=0.0),
        "input 't0': it has no single scale above 0; supported: one scale and zero point.",
    ),
    "zero_point_beyond_int8": (
        unary("RELU", zero_point=200),
        "input 't0': zero point 200 is unsupported; supported: -128 to 127.",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    assert_refused(*REFUSED[name])


draws = {
    "relu": Builder.relu,
    "relu6": Builder.relu6,
    "leaky_relu": Builder.leaky_relu,
    "quantize": Builder.quantize,
    "logistic": Builder.logistic,
    "tanh": Builder.tanh,
}
