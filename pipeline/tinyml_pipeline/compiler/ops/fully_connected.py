"""FULLY_CONNECTED: a dense layer, per tensor or per channel, on one or several rows of inputs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tinyml_pipeline.compiler.fixed_point import INT32_MAX, quantize_multiplier, zero_point_fits
from tinyml_pipeline.compiler.graph import Quantization, Tensor
from tinyml_pipeline.compiler.op import Op
from tinyml_pipeline.compiler.ops._channels import signed_sums
from tinyml_pipeline.compiler.ops._context import INT8_MAX, INT8_MIN, OpContext

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class FullyConnected(Op):
    """A checked dense layer in plain numbers, before any layout.

    `weights` has the shape (outputs, inputs). `bias` holds the layer's own bias and the input's zero point:
    bias[o] - input_zero_point * sum(weights[o]), so that a kernel multiplies the stored input bytes as they are.
    `multipliers` and `shifts` have one entry, or one an output where the layer is quantized per channel.
    `lowest` and `highest` bound each output's sum over every possible input.
    """

    source: Tensor
    output: Tensor
    weights: npt.NDArray[np.int8]
    bias: IntArray
    multipliers: tuple[int, ...]
    shifts: tuple[int, ...]
    output_zero_point: int
    output_min: int
    output_max: int
    batches: int
    lowest: IntArray
    highest: IntArray
    activation: str

    @property
    def macs(self) -> int:
        return self.batches * int(self.weights.size)

    @property
    def per_channel(self) -> bool:
        return len(self.multipliers) > 1

    def pair(self, channel: int) -> tuple[int, int]:
        """Multiplier and shift of one output."""
        index = channel if self.per_channel else 0
        return self.multipliers[index], self.shifts[index]

    def bounds(self) -> list[tuple[int, int]]:
        """(output, a sum that it can come near and never pass), from below and from above."""
        ends = zip(self.lowest.tolist(), self.highest.tolist(), strict=True)
        return [(channel, bound) for channel, pair in enumerate(ends) for bound in pair]


def read(op: OpContext) -> FullyConnected:
    """Checks every condition under which the kernels are exact."""
    source, weights, bias, output = op.activation(0), op.input(1), op.optional_input(2), op.output()
    input_quantization = op.quantization(source, "input")
    output_quantization = op.quantization(output, "output")
    weight_quantization = _check_weights(op, weights)
    outputs, inputs = weights.shape
    op.require(source.size % inputs == 0 and source.size > 0, f"an input of {source.size} values",
               f"a multiple of the {inputs} that the weights take")  # fmt: skip
    batches = source.size // inputs
    # TFLM reads as many rows as the output's last size, and as many batches as its other sizes make.
    op.require(output.shape[-1:] == (outputs,) and output.size == batches * outputs,
               f"an output of shape {list(output.shape)}",
               f"{batches} x {outputs} values, the last size {outputs} as the weights have rows")  # fmt: skip
    positive, negative = signed_sums(weights.values)
    own_bias = _read_bias(op, bias, outputs)
    folded = own_bias - input_quantization.zero_point * (positive + negative)
    lowest = folded + positive * INT8_MIN + negative * INT8_MAX
    highest = folded + positive * INT8_MAX + negative * INT8_MIN
    reach = int((np.abs(folded) + 128 * (positive - negative)).max())
    op.require(reach <= INT32_MAX, f"a sum of up to {reach}", "sums within 32 bits")
    pairs = _multipliers(op, input_quantization, weight_quantization, bias, output_quantization)
    for channel in range(outputs):
        multiplier, shift = pairs[channel if len(pairs) > 1 else 0]
        fits = zero_point_fits(int(lowest[channel]), int(highest[channel]), multiplier, shift)
        op.require(fits, f"a scaled sum of output {channel}", "scaled sums within 32 bits")
    low, high = op.activation_range(output_quantization)
    return FullyConnected(
        source, output, weights.values, folded, tuple(pair[0] for pair in pairs), tuple(pair[1] for pair in pairs),
        output_quantization.zero_point, low, high, batches, lowest, highest, op.activation_name,
    )  # fmt: skip


def _check_weights(op: OpContext, weights: Tensor) -> Quantization:
    op.require(weights.type in ("INT8", "INT4"), f"weights of type {weights.type}", "INT8 or INT4")
    op.require(weights.is_constant, "weights that are computed", "constant weights")
    op.require(len(weights.shape) == 2 and weights.size > 0, f"weights of shape {list(weights.shape)}",
               "(outputs, inputs)")  # fmt: skip
    op.require(op.option("weights_format", 0) == 0, "a shuffled weights format", "the default format")
    quantization = weights.quantization
    if quantization is None:
        raise op.unsupported("weights without quantization", "int8 weights with scales")
    # TFLM refuses such a model too.
    op.require(weights.type == "INT8" or not quantization.per_channel, "weights of type INT4 with a scale per channel",
               "INT4 with one scale")  # fmt: skip
    op.require(not any(quantization.zero_points), "weights with a zero point other than 0", "zero point 0")
    op.require(not quantization.per_channel or quantization.axis == 0,
               f"weights quantized along axis {quantization.axis}", "axis 0")  # fmt: skip
    op.require(not quantization.per_channel or len(quantization.scales) == weights.shape[0],
               f"{len(quantization.scales)} scales of the weights",
               f"1 or {weights.shape[0]}, one per output")  # fmt: skip
    return quantization


def _read_bias(op: OpContext, bias: Tensor | None, outputs: int) -> IntArray:
    if bias is None:
        return np.zeros(outputs, np.int64)
    op.require(bias.type == "INT32" and bias.is_constant, f"a bias of type {bias.type}", "a constant INT32 bias")
    op.require(bias.size == outputs, f"a bias of {bias.size} values", f"{outputs}, one an output")
    return bias.values.astype(np.int64).ravel()


def _multipliers(
    op: OpContext, source: Quantization, weights: Quantization, bias: Tensor | None, output: Quantization
) -> list[tuple[int, int]]:
    """One pair, or one a channel, from input scale * weight scale / output scale in double.

    Older TFLM libraries round the product of a per-tensor layer to float first; the pinned one does not. In a large
    autoencoder that changes one output in 100,000, by one step.
    """
    if not weights.per_channel:
        product = source.scale * weights.scale
        bias_scale = 0.0 if bias is None or bias.quantization is None else bias.quantization.scale
        # TFLM refuses such a model too.
        fits = bias is None or abs(product - bias_scale) / output.scale <= 0.02
        op.require(fits, f"a bias of scale {bias_scale:g}", f"input scale times weight scale, {product:g}")
    reals = [source.scale * scale / output.scale for scale in weights.scales]
    op.require(max(reals) < 2**30, f"an output scale of {output.scale:g}", "ratios of scales below 2^30")
    return [quantize_multiplier(real) for real in reals]
