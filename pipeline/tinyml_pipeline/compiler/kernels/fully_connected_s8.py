"""The plain dense layer: any number of rows, any scale, any clamp."""

from __future__ import annotations

import numpy as np

from tinyml_pipeline.compiler.dtypes import DType
from tinyml_pipeline.compiler.kernel import Cost, Kernel
from tinyml_pipeline.compiler.kernels._dense import Fields, bias_array, describe
from tinyml_pipeline.compiler.lowering import Argument, Array, Call, Lowering, Struct, int_array
from tinyml_pipeline.compiler.ops.fully_connected import FullyConnected
from tinyml_pipeline.compiler.target import Isa, Target


def _cost(op: FullyConnected, target: Target) -> Cost:
    # AVR multiplies 8 bits at a time: 64-bit products are helpers of the compiler, long and slow.
    outputs = op.output.size
    if target.has(Isa.AVR_MUL):
        return Cost(cycles=30 * op.macs + 1500 * outputs, code_bytes=1000)
    return Cost(cycles=6 * op.macs + 30 * outputs, code_bytes=150)


def plain_fields(op: FullyConnected) -> Fields:
    """Of `struct fully_connected_s8`, or of `fully_connected_per_channel_s8`."""
    outputs, inputs = op.weights.shape
    fields: Fields = {
        "inputs": inputs,
        "outputs": outputs,
        "weights": Array("weights", DType.INT8, op.weights),
        "bias": bias_array(op),
    }
    if op.per_channel:
        fields["multipliers"] = int_array("multipliers", DType.INT32, op.multipliers)
        fields["shifts"] = Array("shifts", DType.INT8, np.array(op.shifts))
    else:
        fields |= {"multiplier": op.multipliers[0], "shift": op.shifts[0]}
    fields |= {
        "output_zero_point": op.output_zero_point,
        "output_min": op.output_min,
        "output_max": op.output_max,
    }
    return fields


def _lower(op: FullyConnected, target: Target) -> Lowering:
    name = "fully_connected_per_channel" if op.per_channel else "fully_connected"
    arguments: tuple[Argument, ...] = (Struct(f"{name}_s8", plain_fields(op)), op.source, op.output)
    if op.batches > 1:
        return Lowering((Call(f"{name}_batches_s8", (*arguments, op.batches)),), describe(op))
    return Lowering((Call(f"{name}_s8", arguments),), describe(op))


KERNEL = Kernel(FullyConnected, "fully_connected_s8", "fully_connected/fully_connected_s8.h", _cost, _lower)
