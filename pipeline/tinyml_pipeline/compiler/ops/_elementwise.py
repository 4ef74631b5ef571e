"""Operations on two int8 tensors, element by element, with the broadcasts that need no index arithmetic."""

from __future__ import annotations

from tinyml_pipeline.compiler.graph import Quantization, Tensor
from tinyml_pipeline.compiler.ops._lowering import Argument, Array, Call, Layer, Lowered, Struct, Value

_WHICH = ("first", "second")


def operands(layer: Layer) -> tuple[tuple[Quantization, Quantization], Quantization]:
    """The quantizations of both inputs and of the output, once every shape and type is known to fit."""
    output = layer.output()
    layer.require(len(layer.operation.inputs) == 2, f"{len(layer.operation.inputs)} inputs", "2 inputs")
    for position in (0, 1):
        tensor = layer.input(position)
        layer.require(_repeats_in(tensor.shape, output.shape) and output.size > 0,
                      f"broadcasting {list(tensor.shape)} to {list(output.shape)}",
                      "equal shapes, or an operand that repeats as a whole")  # fmt: skip
    first, second = layer.input(0), layer.input(1)
    layer.require(not (first.is_constant and second.is_constant), "two constants", "at most one constant operand")
    layer.require(max(first.size, second.size) == output.size, f"an output of {output.size} values",
                  f"{max(first.size, second.size)} values")  # fmt: skip
    quantizations = layer.quantization(first, "an input"), layer.quantization(second, "an input")
    return quantizations, layer.quantization(output, "an output")


def _repeats_in(shape: tuple[int, ...], whole: tuple[int, ...]) -> bool:
    """Whether a tensor of `shape`, repeated end to end, fills one of shape `whole` by the rules of broadcasting."""
    own = _without_leading_ones(shape)
    return len(own) <= len(whole) and own == whole[len(whole) - len(own) :]


def _without_leading_ones(shape: tuple[int, ...]) -> tuple[int, ...]:
    while shape and shape[0] == 1:
        shape = shape[1:]
    return shape


def lower_elementwise(layer: Layer, function: str, parameters: Struct, name: str) -> Lowered:
    """`<function>_s8`, or `<function>_broadcast_s8` where an operand is smaller than the output."""
    tensors = layer.input(0), layer.input(1)
    output = layer.output()
    given = [_argument(tensor, suffix) for tensor, suffix in zip(tensors, _WHICH, strict=True)]
    in_flash = {f"{which}_is_in_flash": int(tensor.is_constant) for tensor, which in zip(tensors, _WHICH, strict=True)}
    arguments: list[Argument] = [Struct(parameters.type, {**parameters.fields, **in_flash})]
    broadcast = tensors[0].size != tensors[1].size
    for tensor, argument in zip(tensors, given, strict=True):
        arguments += [argument, tensor.size] if broadcast else [argument]
    arguments += [Value(output.index), output.size]
    call = Call(f"{function}_broadcast_s8" if broadcast else f"{function}_s8", tuple(arguments))
    in_place = tuple(tensor.index for tensor in tensors if not tensor.is_constant)
    arrays = tuple(argument for argument in given if isinstance(argument, Array))
    activation = layer.option("fused_activation_function", "NONE")
    summary = f"{name}, {output.size} values" + ("" if activation == "NONE" else f", {activation.lower()}")
    return Lowered(summary, function, (call,), arrays, in_place)


def _argument(tensor: Tensor, suffix: str) -> Array | Value:
    return Array(suffix, "int8_t", tensor.values) if tensor.is_constant else Value(tensor.index)
