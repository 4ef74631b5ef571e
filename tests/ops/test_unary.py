"""Operators on each element alone: every int8 input, at the edges of scales and zero points."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tinyml_pipeline.compiler.ops import reader_of
from tinyml_pipeline.compiler.ops._context import OpContext
from tinyml_pipeline.compiler.ops._unary import Unary
from tinyml_pipeline.compiler.read_tflite import read_tflite

from tests.networks import Builder, Known
from tests.ops.check import EVERY_VALUE, T, assert_exact, assert_refused, model_of, one, unary
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
    "leaky_relu_negative_alpha": unary("LEAKY_RELU", alpha=-0.7, zero_point=11, output_scale=0.03),
    "abs": unary("ABS", zero_point=5, output_zero_point=-128),
    "abs_finer_output": unary("ABS", scale=0.1, zero_point=-128, output_scale=0.07, output_zero_point=-128),
    "abs_coarser_output": unary("ABS", scale=0.02, zero_point=127, output_scale=0.31, output_zero_point=127),
    "abs_left_shift": unary("ABS", scale=8.0, output_scale=0.001, zero_point=-3),
    "rsqrt": unary("RSQRT", zero_point=-128, output_scale=0.03, output_zero_point=-128),
    "rsqrt_fine_input": unary("RSQRT", scale=1e-6, zero_point=-128, output_scale=8.0, output_zero_point=3),
    "rsqrt_coarse_input": unary("RSQRT", scale=100.0, zero_point=-128, output_scale=0.0004, output_zero_point=127),
    "elu": unary("ELU", zero_point=4, output_scale=0.05, output_zero_point=-100),
    "elu_same_scale": unary("ELU", zero_point=-128, output_zero_point=127),
    "elu_fine": unary("ELU", scale=1e-5, zero_point=7, output_scale=1e-7),
    "elu_coarse": unary("ELU", scale=50.0, zero_point=7, output_scale=0.001),
    "hard_swish": unary("HARD_SWISH", zero_point=-7, output_scale=0.05, output_zero_point=-120),
    "hard_swish_same_scale": unary("HARD_SWISH", zero_point=-128, output_zero_point=127),
    "hard_swish_fine_input": unary("HARD_SWISH", scale=1e-6, zero_point=3, output_scale=1e-6),
    "hard_swish_fine_output": unary("HARD_SWISH", scale=0.05, zero_point=3, output_scale=0.0004),
    "hard_swish_coarse": unary("HARD_SWISH", scale=20.0, zero_point=127, output_scale=90.0, output_zero_point=5),
    "hard_swish_output_far_coarser": unary("HARD_SWISH", scale=0.001, output_scale=30.0),
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


def anyhow(name: str) -> Callable[[Builder, Known], Known]:
    """The operator with an output scale around the input's."""
    return lambda builder, source: builder.unary(name, source, builder.scale(source.scale), builder.zero_point())


def hard_swish(builder: Builder, source: Known) -> Known:
    """TFLM takes output steps of more than 1/128 of the input's only."""
    scale = max(builder.scale(source.scale), source.scale / 100)
    return builder.unary("HARD_SWISH", source, scale, builder.zero_point())


def rsqrt(builder: Builder, source: Known) -> Known:
    """Of values that are not below 0: at such a one, TFLM stops."""
    positive = builder.unary("RELU", source, source.scale, -128)
    return builder.unary("RSQRT", positive, builder.scale(0.02 / source.scale**0.5), builder.zero_point())


draws = {
    "relu": Builder.relu,
    "relu6": Builder.relu6,
    "leaky_relu": Builder.leaky_relu,
    "rescale": Builder.quantize,
    "logistic": Builder.logistic,
    "tanh": Builder.tanh,
    "abs": anyhow("ABS"),
    "elu": anyhow("ELU"),
    "hard_swish": hard_swish,
    "rsqrt": rsqrt,
}
WIDE = ("logistic", "tanh", "elu", "hard_swish")  # these see the real value, not only ratios of scales


@pytest.mark.parametrize("name", EXACT)
def test_every_input_gives_what_tflm_gives(name: str, tmp_path: Path) -> None:
    assert_exact(EXACT[name], [EVERY_VALUE[None]], tmp_path)


@pytest.mark.parametrize("kind", [kind for kind in draws if kind != "rsqrt"])
def test_tables_equal_tflm_over_many_scales(kind: str) -> None:
    """The host's arithmetic alone, without a C compiler: 200 random scales and zero points, each on every input."""
    for seed in range(200):
        builder = Builder(np.random.default_rng(seed))
        scale = float(np.float32(np.exp(builder.rng.uniform(-12, 3)))) if kind in WIDE else builder.scale()
        source = builder.tensor((256,), scale, builder.zero_point())
        output = draws[kind](builder, source)
        tflite = builder.writer.build([source.index], [output.index])
        graph = read_tflite(tflite)
        op = reader_of(graph.operations[0].name)(OpContext(graph, graph.operations[0]))
        assert isinstance(op, Unary)
        np.testing.assert_array_equal(op.table(), run_tflm(tflite, [EVERY_VALUE[None]])[0][0], err_msg=f"seed {seed}")


REFUSED = {
    "leaky_relu_alpha": (
        unary("LEAKY_RELU", alpha=-2e9),
        "leaky_relu (op 0): alpha -2e+09 is unsupported; supported: less than 2^30.",
    ),
    "rsqrt_output_scale": (
        unary("RSQRT", output_scale=1e5),
        "rsqrt (op 0): an output scale of 100000 with an input scale of 0.1 is unsupported; supported: 1 / (sqrt(input"
        " scale) * output scale) of 2^-11 to 2^30.",
    ),
    "elu_ratio": (
        unary("ELU", scale=1e4, output_scale=1e-4),
        "elu (op 0): a ratio of scales of 1e+08 is unsupported; supported: ratios below 2^22.",
    ),
    "hard_swish_output_scale": (
        unary("HARD_SWISH", scale=0.1, output_scale=1e-4),
        "hard_swish (op 0): an input scale of 0.1 with an output scale of 0.0001 is unsupported; supported: an input"
        " scale below 384, and below 128 times the output's.",
    ),
    "abs_type": (
        model_of(one("ABS", [T((4,), 0.1, type="INT16")], [T((4,), 0.1, type="INT16")])),
        "abs (op 0): an input of type INT16 is unsupported; supported: INT8.",
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
