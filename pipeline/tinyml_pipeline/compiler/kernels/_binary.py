"""Calls of the kernels that take two tensors."""

from __future__ import annotations

from tinyml_pipeline.compiler.dtypes import DType
from tinyml_pipeline.compiler.graph import Tensor
from tinyml_pipeline.compiler.kernel import Cost
from tinyml_pipeline.compiler.lowering import Argument, Array, Call, FieldValue, Lowering, Struct, in_place
from tinyml_pipeline.compiler.ops._binary import Binary, Product, Sum
from tinyml_pipeline.compiler.ops._broadcast import MOST_LOOPS, Loop
from tinyml_pipeline.compiler.target import Target


def lower_binary(op: Binary, name: str, struct: str, fields: dict[str, FieldValue], activation: str) -> Lowering:
    """`<name>_s8`, or `<name>_broadcast_s8` if an operand is smaller than the output; constants are read from flash."""
    fields |= {"first_is_in_flash": int(op.first.is_constant), "second_is_in_flash": int(op.second.is_constant)}
    layer = Struct(struct, fields)
    operands = _operand(op.first, "first"), _operand(op.second, "second")
    if op.broadcasts:
        call = Call(f"{name}_broadcast_s8", (layer, _broadcast(op), *operands, op.output))
    else:
        call = Call(f"{name}_s8", (layer, *operands, op.output, op.output.size))
    whole = [tensor for tensor in (op.first, op.second) if tensor.size == op.output.size]
    details = "" if activation == "NONE" else activation.lower()
    return Lowering((call,), details, overlaps=in_place(op.output, *whole))


def _operand(tensor: Tensor, suffix: str) -> Argument:
    return Array(suffix, DType.INT8, tensor.values) if tensor.is_constant else tensor


def _broadcast(op: Binary) -> Struct:
    loops = (Loop(1, 0, 0),) * (MOST_LOOPS - len(op.loops)) + op.loops
    count, first_step, second_step = zip(*loops, strict=True)
    fields: dict[str, FieldValue] = {"count": count, "first_step": first_step, "second_step": second_step}
    return Struct("broadcast", fields, "broadcast")


def scale_fields(**scales: tuple[int, int]) -> dict[str, FieldValue]:
    """`<name>_multiplier` and `<name>_shift` of each."""
    fields: dict[str, FieldValue] = {}
    for name, scale in scales.items():
        fields[f"{name}_multiplier"], fields[f"{name}_shift"] = scale
    return fields


def zero_point_fields(first: int, second: int, output: int) -> dict[str, FieldValue]:
    return {"first_zero_point": first, "second_zero_point": second, "output_zero_point": output}


def lower_sum(op: Sum, name: str) -> Lowering:
    fields = {
        **scale_fields(first=op.first_scale, second=op.second_scale, output=op.output_scale),
        **zero_point_fields(op.first_zero_point, op.second_zero_point, op.output_zero_point),
        "output_min": op.output_min,
        "output_max": op.output_max,
    }
    return lower_binary(op, name, "add_s8", fields, op.activation)


def sum_cost(op: Sum, target: Target) -> Cost:
    return Cost(cycles=70 * op.output.size, code_bytes=350)


def lower_product(op: Product, name: str) -> Lowering:
    fields: dict[str, FieldValue] = {
        "multiplier": op.multiplier,
        "shift": op.shift,
        **zero_point_fields(op.first_zero_point, op.second_zero_point, op.output_zero_point),
        "output_min": op.output_min,
        "output_max": op.output_max,
    }
    return lower_binary(op, name, f"{name}_s8", fields, op.activation)
