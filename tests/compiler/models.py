"""Two tiny models for golden text: numbers are written out, so that no library can change them."""

from __future__ import annotations

import numpy as np

from tests.tflite_writer import Writer


def linear() -> bytes:
    """y = 2x - 1 on -10 to 10: one neuron."""
    writer = Writer()
    x = writer.tensor((1, 1), 0.078431375, -1, name="serving_default_x:0")
    weights, bias = np.array([[127]], np.int8), np.array([-810], np.int32)
    y = writer.fully_connected(x, weights, 0.015748031, bias, 0.15686275, 5)
    name_layers(writer, ["dense"])
    return writer.build([x], [y])


def adder() -> bytes:
    """Two inputs, 6 relu, 3 relu, 1; per channel."""
    rng = np.random.default_rng(0)
    writer = Writer()
    source = x = writer.tensor((1, 2), 0.39215687, -128, name="serving_default_x:0")
    for inputs, outputs, scale, zero_point in ((2, 6, 0.8, -128), (6, 3, 1.1, -128), (3, 1, 0.7, -100)):
        weights = rng.integers(-127, 128, (outputs, inputs)).astype(np.int8)
        bias = rng.integers(-2000, 2001, outputs).astype(np.int32)
        scales = [0.004 + 0.001 * channel for channel in range(outputs)]
        activation = "NONE" if outputs == 1 else "RELU"
        source = writer.fully_connected(source, weights, scales, bias, scale, zero_point, activation=activation)
    name_layers(writer, ["dense", "dense_1", "dense_2"])
    return writer.build([x], [source])


def name_layers(writer: Writer, names: list[str]) -> None:
    """Tensor names as the converter leaves them."""
    for name, operator in zip(names, writer.operators, strict=True):
        for index in (*operator.inputs[1:], *operator.outputs):
            writer.tensors[index].name = f"sequential/{name}/MatMul;sequential/{name}/BiasAdd"
    writer.tensors[writer.operators[-1].outputs[0]].name = "StatefulPartitionedCall:0"
