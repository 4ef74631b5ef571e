"""FULLY_CONNECTED: a dense layer, per tensor or per channel (kernels: firmware/kernels/fully_connected*.h).

The plain kernel takes every layer. A faster one is chosen by the target where the layer's own numbers prove it exact.
"""

from __future__ import annotations

import numpy as np

from tinyml_pipeline.compiler.fixed_point import multiply_by_quantized_multiplier
from tinyml_pipeline.compiler.ops._dense import Dense, read_dense
from tinyml_pipeline.compiler.ops._dense_layouts import Fields, Layout, dsp_layout, quads_layout, sums_fit_24_bits
from tinyml_pipeline.compiler.ops._lowering import Argument, Array, Call, Layer, Lowered, Struct, Value
from tinyml_pipeline.compiler.target import Target


def lower(layer: Layer) -> Lowered:
    dense = read_dense(layer)
    layout = choose_layout(dense, layer.target)
    arguments: list[Argument] = [
        Struct(layout.struct, layout.fields),
        Value(layer.operation.inputs[0]),
        Value(layer.operation.outputs[0]),
    ]
    function = layout.function
    if layout.scratch is not None:
        arguments.append(layout.scratch)
    if dense.batches > 1:
        function = function.replace("_s8", "_batches_s8")
        arguments.append(dense.batches)
    return Lowered(describe(layer, dense), layout.kernel, (Call(function, tuple(arguments)),), layout.arrays)


def choose_layout(dense: Dense, target: Target) -> Layout:
    """The fastest kernel of the target that is proven exact for this layer; for size, the smallest."""
    layout = None
    if dense.batches == 1:
        if target.name == "avr":
            layout = _avr_layout(dense)
        elif target.optimize == "speed":
            layout = (dsp_layout(dense) if target.name == "arm_dsp" else None) or quads_layout(dense)
    return layout or plain_layout(dense)


def plain_layout(dense: Dense) -> Layout:
    outputs, inputs = dense.weights.shape
    arrays = [
        Array("weights", "int8_t", dense.weights),
        Array("bias", "int32_t", dense.bias, "The input's zero point is folded in."),
    ]
    fields: Fields = {"inputs": inputs, "outputs": outputs, "weights": "weights", "bias": "bias"}
    function = "fully_connected_s8"
    if dense.per_channel:
        function = "fully_connected_per_channel_s8"
        arrays.append(Array("multipliers", "int32_t", np.array(dense.multipliers)))
        arrays.append(Array("shifts", "int8_t", np.array(dense.shifts)))
        fields |= {"multipliers": "multipliers", "shifts": "shifts"}
    else:
        fields |= {"multiplier": dense.multipliers[0], "shift": dense.shifts[0]}
    fields |= {
        "output_zero_point": dense.output_zero_point,
        "output_min": dense.output_min,
        "output_max": dense.output_max,
    }
    return Layout("fully_connected", function, tuple(arrays), fields)


def _avr_layout(dense: Dense) -> Layout | None:
    """The plain layout for a kernel with 24-bit sums; None where it is not proven exact."""
    if not sums_fit_24_bits(dense) or any(not -31 <= shift <= -1 for shift in dense.shifts):
        return None
    scaled = [multiply_by_quantized_multiplier(bound, *dense.pair(channel)) for channel, bound in dense.bounds()]
    if not -(2**15) + 128 <= min(scaled) <= max(scaled) <= 2**15 - 128:
        return None
    plain = plain_layout(dense)
    function = plain.function.replace("fully_connected", "fully_connected_avr")
    return plain._replace(kernel="fully_connected_avr", function=function)


def describe(layer: Layer, dense: Dense) -> str:
    """The layer in one line, for the comment above its constants."""
    outputs, inputs = dense.weights.shape
    words = [f"fully connected, {inputs} -> {outputs}"]
    if dense.batches > 1:
        words.append(f"{dense.batches} rows")
    if dense.per_channel:
        words.append("per channel")
    activation = layer.option("fused_activation_function", "NONE")
    return ", ".join(words if activation == "NONE" else [*words, activation.lower()])
