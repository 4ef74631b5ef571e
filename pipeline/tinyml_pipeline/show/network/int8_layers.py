"""The operations of an int8 model as layers: an activation belongs to the layer before it, as in Keras."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyml_pipeline.compiler.graph import Graph, Operation, Quantization, Tensor
from tinyml_pipeline.show.network.network import Int8Steps, Layer

MOST_WEIGHTS = 256
_ACTIVATIONS = {
    "TANH": "tanh", "LOGISTIC": "sigmoid", "SOFTMAX": "softmax", "RELU": "relu", "RELU6": "relu6",
    "LEAKY_RELU": "leaky_relu", "HARD_SWISH": "hard_swish",
}  # fmt: skip
_KERNEL_AXES = {"CONV_2D": (1, 2), "DEPTHWISE_CONV_2D": (1, 2)}


def int8_layers(graph: Graph, input_names: Sequence[str]) -> tuple[Layer, ...]:
    """The inputs, then the operations in the order in which they run."""
    layers: list[Layer] = []
    made_by: dict[int, int] = {}
    for index, name in zip(graph.inputs, input_names, strict=True):
        tensor = graph.tensors[index]
        made_by[index] = len(layers)
        layers.append(Layer(name, "Input", _sample_shape(tensor), steps=Int8Steps(tensor.quantization)))
    for operation in graph.operations:
        sources = tuple(dict.fromkeys(made_by[index] for index in operation.inputs if index in made_by))
        if _ends_layer(graph, operation, [layers[place] for place in sources]):
            place = sources[0]
            layers[place] = _with_activation(layers[place], operation, graph.tensors[operation.outputs[0]])
        else:
            place = len(layers)
            layers.append(_layer(graph, operation, sources))
        made_by |= dict.fromkeys(operation.outputs, place)
    return tuple(layers)


def _ends_layer(graph: Graph, operation: Operation, before: list[Layer]) -> bool:
    """Whether an operation is the activation of the one layer that feeds it, and nobody else reads that layer's sum."""
    if operation.name not in _ACTIVATIONS or len(before) != 1 or not before[0].parameters or before[0].activation:
        return False
    readers = [other for other in graph.operations if operation.inputs[0] in other.inputs]
    return readers == [operation] and operation.inputs[0] not in graph.outputs


def _with_activation(layer: Layer, operation: Operation, output: Tensor) -> Layer:
    assert layer.steps is not None, "every int8 layer has them"
    steps = replace(layer.steps, output=output.quantization, before_activation=layer.steps.output)
    return replace(layer, activation=_ACTIVATIONS[operation.name], steps=steps)


def _layer(graph: Graph, operation: Operation, sources: tuple[int, ...]) -> Layer:
    output = graph.tensors[operation.outputs[0]]
    constants = [graph.tensors[index] for index in operation.inputs if index >= 0 and graph.tensors[index].is_constant]
    parameters = [tensor for tensor in constants if tensor.quantization is not None]
    fused = str(operation.options.get("fused_activation_function", "NONE"))
    layer = Layer(
        f"operation {operation.index}",
        operation.name,
        _sample_shape(output),
        sum(tensor.size for tensor in parameters),
        sum(len(tensor.data or b"") for tensor in parameters),
        activation="" if fused == "NONE" else fused.lower(),
        sources=sources,
        kernel=_kernel(operation, parameters),
        strides=tuple(operation.options[key] for key in ("stride_h", "stride_w") if key in operation.options),
        steps=Int8Steps(output.quantization, weight=parameters[0].quantization if parameters else None),
    )
    return _with_weights(layer, parameters) if operation.name == "FULLY_CONNECTED" and parameters else layer


def _with_weights(layer: Layer, parameters: list[Tensor]) -> Layer:
    weights, biases = parameters[0], parameters[1] if len(parameters) > 1 else None
    if weights.type != "INT8" or weights.size > MOST_WEIGHTS or len(weights.shape) != 2:
        return layer
    if any(len(t.quantization.scales) not in (1, len(weights.values)) for t in parameters if t.quantization):
        return layer  # scales that contradict the weights; no kernel runs it
    assert layer.steps is not None, "every int8 layer has them"
    steps = replace(
        layer.steps,
        weights=tuple(tuple(map(int, row)) for row in weights.values.T),
        biases=() if biases is None else tuple(map(int, biases.values)),
    )
    return replace(
        layer,
        weights=tuple(tuple(map(float, row)) for row in _real(weights).T),
        biases=() if biases is None else tuple(map(float, _real(biases))),
        steps=steps,
    )


def _real(tensor: Tensor) -> npt.NDArray[np.float64]:
    """scale * (q - zero_point), each slice along the axis by its own."""
    steps: Quantization | None = tensor.quantization
    assert steps is not None, "parameters are those constants that have one"
    # Published files have biases whose scales name an axis that the bias lacks; TFLM never looks at it.
    axis = steps.axis if 0 <= steps.axis < len(tensor.shape) else 0
    along: Any = [-1 if number == axis else 1 for number in range(len(tensor.shape))]
    scales, zero_points = (np.reshape(np.asarray(numbers), along) for numbers in (steps.scales, steps.zero_points))
    real: npt.NDArray[np.float64] = scales.astype(np.float64) * (tensor.values.astype(np.float64) - zero_points)
    return real


def _kernel(operation: Operation, parameters: list[Tensor]) -> tuple[int, ...]:
    if operation.name in _KERNEL_AXES and parameters:
        return tuple(parameters[0].shape[axis] for axis in _KERNEL_AXES[operation.name])
    return tuple(operation.options[key] for key in ("filter_height", "filter_width") if key in operation.options)


def _sample_shape(tensor: Tensor) -> tuple[int, ...]:
    return tensor.shape[1:] if len(tensor.shape) > 1 else tensor.shape
