"""What the layers of a float network give, one by one: int8 is compared with it to find the layer that goes wrong."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from tinyml_pipeline.compiler.graph import Operation
from tinyml_pipeline.compiler.read_tflite import read_tflite
from tinyml_pipeline.quantization.child.keras_network import KerasNetwork
from tinyml_pipeline.quantization.child.networks import FloatArray, Network, typed


def layer_outputs(
    network: Network, inputs: Sequence[FloatArray], operators: Sequence[str]
) -> tuple[list[tuple[str, str]], list[FloatArray]]:
    """(operator, name of the layer) of each operator of these kinds, in order, and its output (n, *shape)."""
    import tensorflow as tf

    tflite = network.to_float_tflite()
    graph = read_tflite(tflite)
    interpreter = tf.lite.Interpreter(
        model_content=tflite,
        experimental_op_resolver_type=tf.lite.experimental.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
        experimental_preserve_all_tensors=True,
    )
    interpreter.allocate_tensors()
    picked = [operation for operation in graph.operations if operation.name in operators]
    names = [
        (operation.name, _layer(network, [graph.tensors[index].name for index in _own(operation)]))
        for operation in picked
    ]
    found: list[list[Any]] = [[] for _ in picked]
    samples = typed(network.inputs, inputs)
    for row in range(len(samples[0])):
        for detail, array in zip(interpreter.get_input_details(), samples, strict=True):
            interpreter.set_tensor(detail["index"], array[row : row + 1])
        interpreter.invoke()
        for operation, arrays in zip(picked, found, strict=True):
            arrays.append(np.array(interpreter.get_tensor(operation.outputs[0]), np.float32).reshape(-1))
    return names, [np.stack(arrays) for arrays in found]


def _own(operation: Operation) -> list[int]:
    """Its weights, bias and output, which are named after the layer, in that order."""
    return [index for index in (*operation.inputs[1:3], *operation.outputs) if index >= 0]


def _layer(network: Network, tensors: Sequence[str]) -> str:
    """The name of the layer that tensors come from: that of Keras, where it is one, to which Keras adds numbers.

    Layers with weights come first: others, and BatchNormalization, are part of them in the end.
    """
    scopes = [scope for tensor in tensors for part in tensor.split(";") for scope in part.split("/")]
    if isinstance(network, KerasNetwork):
        layers = sorted(getattr(network.model, "layers", ()), key=lambda layer: not hasattr(layer, "kernel"))
        for wanted in (r"{}_\d+", "{}"):  # with a number: what the layer "dense" is called beside "dense_1"
            for layer in layers:
                if any(re.fullmatch(wanted.format(re.escape(layer.name)), scope) for scope in scopes):
                    return str(layer.name)
    path = tensors[0].split(";")[0].split("/")
    return path[-2] if len(path) > 1 else path[0]
