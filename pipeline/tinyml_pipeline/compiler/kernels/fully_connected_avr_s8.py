"""A dense layer with 24-bit sums, for the 8-bit multiplier of AVR; the layout is that of the plain kernel."""

from __future__ import annotations

from tinyml_pipeline.compiler.fixed_point import multiply_by_quantized_multiplier
from tinyml_pipeline.compiler.kernel import Cost, Kernel
from tinyml_pipeline.compiler.kernels._dense import describe, sums_fit_24_bits
from tinyml_pipeline.compiler.kernels.fully_connected_s8 import plain_fields
from tinyml_pipeline.compiler.lowering import Call, Lowering, Struct
from tinyml_pipeline.compiler.ops.fully_connected import FullyConnected
from tinyml_pipeline.compiler.target import Isa, Target


def _cost(op: FullyConnected, target: Target) -> Cost:
    return Cost(cycles=11 * op.macs + 150 * op.output.size, code_bytes=500)


def _refuses(op: FullyConnected, target: Target) -> str | None:
    if op.batches > 1:
        return f"{op.batches} rows of inputs; at most 1"
    if not sums_fit_24_bits(op):
        return "a sum may leave 24 bits"
    if any(not -31 <= shift <= -1 for shift in op.shifts):
        return "a scale does not shift right"
    scaled = [multiply_by_quantized_multiplier(bound, *op.pair(channel)) for channel, bound in op.bounds()]
    if not -(2**15) + 128 <= min(scaled) <= max(scaled) <= 2**15 - 128:
        return "a scaled sum may leave 16 bits"
    return None


def _lower(op: FullyConnected, target: Target) -> Lowering:
    kind = "_per_channel" if op.per_channel else ""
    layer = Struct(f"fully_connected{kind}_s8", plain_fields(op))
    call = Call(f"fully_connected_avr{kind}_s8", (layer, op.source, op.output))
    return Lowering((call,), describe(op))


KERNEL = Kernel(
    FullyConnected,
    "fully_connected_avr_s8",
    "fully_connected/fully_connected_avr_s8.h",
    _cost,
    _lower,
    Isa.AVR_MUL,
    _refuses,
)
