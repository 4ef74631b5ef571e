"""Calls of the kernels that take two tensors."""

from __future__ import annotations

from tinyml_pipeline.compiler.dtypes import DType
from tinyml_pipeline.compiler.graph import Tensor
from tinyml_pipeline.compiler.kernel import Cost
from tinyml_pipeline.compiler.lowering import Argument, Array, Call, FieldValue, Lowering, Struct, in_place
from tinyml_pipeline.compiler.ops._binary import Binary, Sum
from tinyml_pipeline.compiler.target import Target


def lower_binary(op: Binary, name: str, struct: str, fields: dict[str, FieldValue], activation: str) -> Lowering:
    """`<name>_s8`, or `<name>_broadcast_s8` if an operand is smaller than the output; constants are read from flash."""
    fields |= {"first_is_in_flash": int(op.first.is_constant), "second_is_in_flash": int(op.second.is_constant)}
    arguments: list[Argument] = [Struct(struct, fields)]
    for tensor, suffix in ((op.first, "first"), (op.second, "second")):
        arguments.append(_operand(tensor, suffix))
        if op.broadcasts:
            arguments.append(tensor.size)
    function = f"{name}_broadcast_s8" if op.broadcasts else f"{name}_s8"
    call = Call(function, (*arguments, op.output, op.output.size))
    whole = [tensor for tensor in (op.first, op.second) if tensor.size == op.output.size]
    details = "" if activation == "NONE" else activation.lower()
    return Lowering((call,), details, overlaps=in_place(op.output, *whole))


def _operand(tensor: Tensor, suffix: str) -> Argument:
    return Array(suffix, DType.INT8, tensor.values) if tensor.is_constant else tensor


def lower_sum(op: Sum, name: str) -> Lowering:
    fields: dict[str, FieldValue] = {}
    for prefix, scale, zero_point in (
        ("first", op.first_scale, op.first_zero_point),
        ("second", op.second_scale, op.second_zero_point),
        ("output", op.output_scale, op.output_zero_point),
    ):
        fields[f"{prefix}_zero_point"] = zero_point
        fields[f"{prefix}_multiplier"], fields[f"{prefix}_shift"] = scale
    fields |= {"output_min": op.output_min, "output_max": op.output_max}
    return lower_binary(op, name, "add_s8", fields, op.activation)


def sum_cost(op: Sum, target: Target) -> Cost:
    return Cost(cycles=70 * op.output.size, code_bytes=350)
