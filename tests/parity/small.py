"""Hand-written models of the parity tests, so that most of them need no TensorFlow."""

from __future__ import annotations

import numpy as np
from tinyml_pipeline.quantization.quantized_model import QuantizedModel, load_quantized

from tests.tflite_writer import Writer


def adder() -> QuantizedModel:
    """sum = a + b for 0 to 100 each: one neuron, its sum rounded to the output's step, which is two of the inputs'."""
    writer = Writer()
    source = writer.tensor((1, 2), 100 / 255, -128)
    output = writer.fully_connected(source, np.array([[1, 1]], np.int8), 1.0, np.zeros(1, np.int32), 200 / 255, -128)
    return load_quantized(writer.build([source], [output]), "adder", "adds", ["a", "b"], ["sum"])


def two_ports() -> QuantizedModel:
    """Inputs x of 3 values and y of 1; outputs are both, unchanged."""
    writer = Writer()
    sources = [writer.tensor((1, 3), 0.5, 10, name="x"), writer.tensor((1, 1), 0.25, -20, name="y")]
    outputs = []
    for source, shape, scale, zero_point in ((sources[0], (1, 3), 0.5, 10), (sources[1], (1, 1), 0.25, -20)):
        outputs.append(writer.tensor(shape, scale, zero_point, name=f"out{len(outputs)}"))
        writer.operation("RESHAPE", [source], [outputs[-1]], newShape=np.array(shape, np.int32))
    return load_quantized(writer.build(sources, outputs), "two_ports")


def picture() -> QuantizedModel:
    """2 x 2 values in half units, in and out."""
    writer = Writer()
    source, output = writer.tensor((1, 2, 2), 0.5), writer.tensor((1, 2, 2), 0.5)
    writer.operation("RESHAPE", [source], [output], newShape=np.array((1, 2, 2), np.int32))
    return load_quantized(writer.build([source], [output]), "picture")
