"""A dense layer with Helium, sixteen products at once (firmware/kernels/common/mve_products.h)."""

from __future__ import annotations

from tinyml_pipeline.compiler.dtypes import DType
from tinyml_pipeline.compiler.kernel import Cost, Kernel
from tinyml_pipeline.compiler.kernels._dense import Fields, describe
from tinyml_pipeline.compiler.kernels._mve import (
    BYTES,
    chunks_of,
    is_signed,
    products_cycles,
    products_struct,
    refuses_scales,
)
from tinyml_pipeline.compiler.lowering import Buffer, Call, Lowering, Struct
from tinyml_pipeline.compiler.ops.fully_connected import FullyConnected
from tinyml_pipeline.compiler.target import Isa, Target


def _cost(op: FullyConnected, target: Target) -> Cost:
    outputs, inputs = op.weights.shape
    return Cost(cycles=products_cycles(op.batches, outputs, inputs) + inputs // 4, code_bytes=900)


def _refuses(op: FullyConnected, target: Target) -> str | None:
    return refuses_scales(op)


def _lower(op: FullyConnected, target: Target) -> Lowering:
    inputs = op.weights.shape[1]
    fields: Fields = {"batches": op.batches, "inputs": inputs, "products": products_struct(op.weights, op)}
    rest = chunks_of(inputs) * BYTES - inputs
    rows = Buffer("rows", DType.INT8, op.batches * inputs + rest) if rest else None
    function = "fully_connected_mve_s8" if is_signed(op) else "fully_connected_mve_relu_s8"
    struct = Struct("fully_connected_mve_s8", fields)
    return Lowering((Call(function, (struct, op.source, op.output, rows)),), describe(op))


KERNEL = Kernel(
    FullyConnected,
    "fully_connected_mve_s8",
    "fully_connected/fully_connected_mve_s8.h",
    _cost,
    _lower,
    Isa.MVE,
    _refuses,
)
