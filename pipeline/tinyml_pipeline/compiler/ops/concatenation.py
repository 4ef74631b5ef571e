"""CONCATENATION along any axis (kernel: firmware/kernels/copy_rows/copy_rows_s8.h)."""

from __future__ import annotations

import math

from tinyml_pipeline.compiler.graph import Tensor
from tinyml_pipeline.compiler.ops._lowering import Argument, Array, Call, Layer, Lowered, Value


def lower(layer: Layer) -> Lowered:
    output = layer.output()
    quantization = layer.quantization(output, "an output")
    activation = layer.option("fused_activation_function", "NONE")
    layer.require(activation == "NONE", f"fused activation {activation}", "NONE")
    count = len(layer.operation.inputs)
    layer.require(1 <= count <= 10, f"{count} inputs", "1 to 10 inputs")
    axis = layer.option("axis", 0)
    rank = len(output.shape)
    layer.require(-rank <= axis < rank, f"axis {axis} of {rank}", "an axis of the output")
    axis %= rank
    tensors = [layer.input(position) for position in range(count)]
    for tensor in tensors:
        given = layer.quantization(tensor, "an input")
        layer.require((given.scale, given.zero_point) == (quantization.scale, quantization.zero_point),
                      "inputs on several scales", "inputs with the output's scale and zero point")  # fmt: skip
        _check_shape(layer, tensor, output, axis)
    together = sum(tensor.shape[axis] for tensor in tensors)
    layer.require(together == output.shape[axis] and output.size > 0, f"an output of shape {list(output.shape)}",
                  f"{together} along axis {axis}")  # fmt: skip
    rows = math.prod(output.shape[:axis])
    row = output.size // rows
    calls, arrays, offset = [], [], 0
    for number, tensor in enumerate(tensors):
        source: Argument = Value(tensor.index)
        function = "copy_rows_s8"
        if tensor.is_constant:
            source = Array(f"part_{number}", "int8_t", tensor.values)
            arrays.append(source)
            function = "copy_flash_rows_s8"
        width = tensor.size // rows
        if width:
            calls.append(Call(function, (source, width, Value(output.index, offset), row, rows)))
        offset += width
    return Lowered(f"concatenation, {output.size} values", "copy_rows", tuple(calls), tuple(arrays))


def _check_shape(layer: Layer, tensor: Tensor, output: Tensor, axis: int) -> None:
    expected = (*output.shape[:axis], *output.shape[axis + 1 :])
    fits = len(tensor.shape) == len(output.shape) and (*tensor.shape[:axis], *tensor.shape[axis + 1 :]) == expected
    layer.require(fits, f"joining {list(tensor.shape)} into {list(output.shape)}", f"shapes equal but for axis {axis}")
