"""FULLY_CONNECTED: edges of shapes, scales, shifts, zero points and biases, and what is refused."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from tinyml_pipeline.compiler.target import find_target

from tests.networks import ACTIVATIONS, Builder, Known, edge_vectors
from tests.ops.check import assert_exact, assert_refused
from tests.tflite_writer import Writer, activation_code

ALL_TARGETS = tuple(
    find_target(name, optimize)
    for name in ("portable", "cortex-m4", "avr", "rv32imc")
    for optimize in ("size", "speed")
)


def dense(
    inputs: int = 8,
    outputs: int = 5,
    *,
    given: tuple[float, int] = (0.05, -3),
    wanted: tuple[float, int] = (0.3, 4),
    weight_scale: float | Sequence[float] = 0.01,
    weights: npt.NDArray[np.int8] | None = None,
    bias: npt.NDArray[np.int32] | str | None = "random",
    activation: str = "NONE",
    batches: int = 1,
) -> bytes:
    rng = np.random.default_rng(inputs * 1000 + outputs)
    if weights is None:
        weights = rng.integers(-127, 128, (outputs, inputs)).astype(np.int8)
    if isinstance(bias, str):
        bias = rng.integers(-5000, 5001, outputs).astype(np.int32)
    writer = Writer()
    source = writer.tensor((batches, inputs), *given)
    output = writer.fully_connected(
        source, weights, weight_scale, bias, *wanted, activation=activation, shape=(batches, outputs)
    )
    return writer.build([source], [output])


def scales(count: int, low: float = 0.001, high: float = 0.02) -> list[float]:
    return np.linspace(low, high, count).astype(np.float32).tolist()


EXACT = {
    "one_by_one": (1, 1, {}),
    "one_input": (1, 16, {}),
    "one_output": (16, 1, {}),
    "one_output_of_one_scale_in_a_list": (7, 1, {"weight_scale": [0.01]}),
    "odd_widths": (7, 13, {}),
    "wide": (130, 6, {"wanted": (2.0, 0)}),
    "per_channel": (9, 6, {"weight_scale": scales(6)}),
    "per_channel_shifts_far_apart": (5, 4, {"weight_scale": [1e-7, 1e-3, 0.1, 3.0]}),
    "per_channel_scale_0": (5, 3, {"weight_scale": [0.0, 0.01, 0.02]}),
    "no_bias": (6, 4, {"bias": None}),
    "no_bias_per_channel": (6, 4, {"bias": None, "weight_scale": scales(4)}),
    "zero_points_at_the_low_end": (8, 4, {"given": (0.05, -128), "wanted": (0.3, -128)}),
    "zero_points_at_the_high_end": (8, 4, {"given": (0.05, 127), "wanted": (0.3, 127)}),
    "weights_all_-127": (8, 4, {"weights": np.full((4, 8), -127, np.int8)}),
    "weights_all_-128": (8, 4, {"weights": np.full((4, 8), -128, np.int8)}),
    "weights_all_0": (8, 4, {"weights": np.zeros((4, 8), np.int8)}),
    "left_shift": (3, 4, {"given": (2.0, 1), "weight_scale": 1.0, "wanted": (0.01, 0)}),
    "per_channel_left_and_right_shifts": (3, 3, {"weight_scale": [20.0, 0.01, 1e-6], "wanted": (0.05, 0)}),
    "no_shift": (3, 4, {"given": (1.0, 0), "weight_scale": 0.75, "wanted": (1.0, 0)}),
    "right_shift_31": (3, 4, {"given": (2.0**-16, 0), "weight_scale": 2.0**-16, "wanted": (1.0, 7)}),
    "bias_at_the_limits": (2, 2, {"bias": np.array([2**31 - 2**16, 2**16 - 2**31], np.int32), "given": (0.05, 0),
                                  "wanted": (1e6, 0)}),
    "scaled_sums_wrap": (3, 1, {"weight_scale": 1e3, "wanted": (1e-4, 0), "bias": None}),
    "dead_relu": (4, 4, {"wanted": (7.84e-9, 0), "activation": "RELU", "bias": np.full(4, -2_700_000, np.int32),
                         "given": (0.0078, -1), "weight_scale": [0.004, 0.0045, 0.005, 0.0001]}),
    "dead_channel": (4, 2, {"weight_scale": [0.01, 1e-38], "weights": np.array([[1, 2, 3, 4], [0] * 4], np.int8)}),
    "batches": (6, 5, {"batches": 4}),
    "batches_per_channel": (6, 5, {"batches": 3, "weight_scale": scales(5)}),
}  # fmt: skip


@pytest.mark.parametrize("name", EXACT)
def test_exact(name: str, tmp_path: Path) -> None:
    inputs, outputs, rest = EXACT[name]
    vectors = edge_vectors(np.random.default_rng(1), (rest.get("batches", 1), inputs), 200)
    assert_exact(dense(inputs, outputs, **rest), [vectors], tmp_path, ALL_TARGETS)


@pytest.mark.parametrize("per_channel", [False, True])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_fused_activations(activation: str, per_channel: bool, tmp_path: Path) -> None:
    weight_scale = scales(5) if per_channel else 0.01
    tflite = dense(activation=activation, weight_scale=weight_scale, wanted=(0.02, -20))
    assert_exact(tflite, [edge_vectors(np.random.default_rng(1), (1, 8), 200)], tmp_path, ALL_TARGETS)


def test_a_rounding_that_the_product_of_scales_in_float_would_change(tmp_path: Path) -> None:
    """One sum of 1.3 million where a multiplier that was rounded to float first gives another byte."""
    given, weight, wanted = 0.0123, 0.00456, 0.5
    total = np.arange(-400000, 400000, 97, dtype=np.int32)
    tflite = dense(1, len(total), given=(given, 0), weight_scale=weight, wanted=(wanted, 0), bias=total)
    assert_exact(tflite, [np.zeros((1, 1, 1), np.int8)], tmp_path)


def raw(**changes: object) -> bytes:
    """A dense layer of which single fields are changed, to be refused."""
    writer = Writer()
    source = writer.tensor((1, 4), 0.1, 0, type=str(changes.get("input_type", "INT8")))
    weights = writer.tensor(
        (3, 4), changes.get("weight_scale", 0.1), changes.get("weight_zero_point", 0),
        type=str(changes.get("weight_type", "INT8")), axis=int(changes.get("axis", 0)),
        data=None if changes.get("computed") else np.ones((3, 4)),
    )  # fmt: skip
    size = int(changes.get("bias_size", 3))
    bias = writer.tensor((size,), changes.get("bias_scale", 0.01), type="INT32", data=np.zeros(size))
    output = writer.tensor(changes.get("output_shape", (1, 3)), 0.5, 0)
    options = {"weightsFormat": 1} if changes.get("shuffled") else {}
    code = activation_code(str(changes.get("activation", "NONE")))
    writer.operation("FULLY_CONNECTED", [source, weights, bias], [output], fusedActivationFunction=code, **options)
    return writer.build([source, weights] if changes.get("computed") else [source], [output])


SUFFIX = " is unsupported; supported: "


def contradiction(shape: Sequence[int]) -> bytes:
    """8 values in, 3 rows of 4 weights: two rows of three outputs, which the output's shape denies."""
    writer = Writer()
    source = writer.tensor((1, 8), 0.1, 0)
    weights = np.arange(12, dtype=np.int8).reshape(3, 4)
    return writer.build(
        [source], [writer.fully_connected(source, weights, 0.01, np.zeros(3, np.int32), 0.1, 0, shape=shape)]
    )


def shape_refused(shape: list[int], batches: int, outputs: int) -> str:
    return (
        f"an output of shape {shape}{SUFFIX}{batches} x {outputs} values, the last size {outputs} as the weights have"
        " rows."
    )


REFUSED = {
    "int16_input": (raw(input_type="INT16"), "input of type INT16" + SUFFIX + "INT8."),
    "float_weights": (raw(weight_type="FLOAT32"), "weights of type FLOAT32" + SUFFIX + "INT8 or INT4."),
    "computed_weights": (raw(computed=True), "weights that are computed" + SUFFIX + "constant weights."),
    "weight_zero_point": (raw(weight_zero_point=3),
                          "weights with a zero point other than 0" + SUFFIX + "zero point 0."),
    "quantized_along_inputs": (raw(axis=1, weight_scale=[0.1] * 4),
                               "weights quantized along axis 1" + SUFFIX + "axis 0."),
    "bias_size": (raw(bias_size=2), "a bias of 2 values" + SUFFIX + "3, one an output."),
    "bias_scale": (raw(bias_scale=0.9),
                   "a bias of scale 0.9" + SUFFIX + "input scale times weight scale, 0.01."),
    "output_size": (raw(output_shape=(1, 4)), shape_refused([1, 4], 1, 3)),
    "output_of_no_dimension": (raw(output_shape=()), shape_refused([], 1, 3)),
    "rows_beyond_the_weights": (contradiction((1, 6)), shape_refused([1, 6], 2, 3)),
    "rows_and_batches_exchanged": (contradiction((3, 2)), shape_refused([3, 2], 2, 3)),
    "one_row_per_value": (contradiction((6, 1)), shape_refused([6, 1], 2, 3)),
    "scales_per_channel": (
        raw(weight_scale=[0.1] * 2),
        "2 scales of the weights" + SUFFIX + "1 or 3, one per output.",
    ),
    "shuffled": (raw(shuffled=True), "a shuffled weights format" + SUFFIX + "the default format."),
    "fused_tanh": (raw(activation="TANH"), "fused activation TANH" + SUFFIX + "NONE, RELU, RELU6, RELU_N1_TO_1."),
    "sum_beyond_32_bits": (
        dense(2, 1, bias=np.array([2**31 - 1], np.int32), given=(0.05, 0), weights=np.full((1, 2), 100)),
        "a sum of up to 2147509247" + SUFFIX + "sums within 32 bits.",
    ),
    "ratio_of_scales": (
        dense(3, 1, weight_scale=1e6, wanted=(1e-6, 0), bias=None),
        "an output scale of 1e-06" + SUFFIX + "ratios of scales below 2^30.",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    tflite, message = REFUSED[name]
    assert_refused(tflite, f"fully_connected (op 0): {message}")


def draw(builder: Builder, source: Known) -> Known:
    return builder.dense(source)
