"""Operations as layers: what belongs together, and real values from int8 numbers."""

from __future__ import annotations

import numpy as np
from tinyml_pipeline.compiler.graph import Quantization
from tinyml_pipeline.compiler.read_tflite import read_tflite
from tinyml_pipeline.show.network.int8_layers import int8_layers

from tests.tflite_writer import Writer

WEIGHTS = np.array([[4, -8, 127], [-128, 0, 1]], np.int8)


def dense(writer: Writer, source: int, *, activation: str = "NONE") -> int:
    bias = np.array([100, -7], np.int32)
    return writer.fully_connected(source, WEIGHTS, [0.5, 0.25], bias, 0.125, 3, activation=activation)


def test_weights_and_biases_are_scale_times_q_minus_zero_point() -> None:
    writer = Writer()
    source = writer.tensor((1, 3), 0.5, -128)
    graph = read_tflite(writer.build([source], [dense(writer, source, activation="RELU")]))
    first, layer = int8_layers(graph, ["x"])
    assert (first.name, first.kind, first.shape) == ("x", "Input", (3,))
    assert first.steps is not None
    assert first.steps.output == Quantization((0.5,), (-128,))
    assert (layer.kind, layer.activation, layer.shape, layer.sources) == ("FULLY_CONNECTED", "relu", (2,), (0,))
    assert (layer.parameters, layer.parameter_bytes) == (8, 6 + 4 * 2)
    assert layer.weights == ((2.0, -32.0), (-4.0, 0.0), (63.5, 0.25))
    assert layer.biases == (100 * 0.5 * 0.5, -7 * 0.5 * 0.25)
    assert layer.steps is not None
    assert layer.steps.weights == ((4, -128), (-8, 0), (127, 1))
    assert layer.steps.biases == (100, -7)
    assert layer.steps.weight == Quantization((0.5, 0.25), (0, 0))
    assert layer.steps.output == Quantization((0.125,), (3,))


def test_the_zero_point_of_weights_counts() -> None:
    writer = Writer()
    source = writer.tensor((1, 3), 0.5)
    weights = writer.tensor((2, 3), 0.5, 4, data=WEIGHTS)
    output = writer.tensor((1, 2), 1.0)
    writer.operation("FULLY_CONNECTED", [source, weights, -1], [output])
    layer = int8_layers(read_tflite(writer.build([source], [output])), ["x"])[1]
    assert layer.weights == ((0.0, -66.0), (-6.0, -2.0), (61.5, -1.5))
    assert layer.biases == ()


def test_an_activation_belongs_to_the_layer_before_it() -> None:
    writer = Writer()
    source = writer.tensor((1, 3), 0.5)
    between, output = dense(writer, source), writer.tensor((1, 2), 1 / 128, 0)
    writer.operation("TANH", [between], [output])
    _, layer = int8_layers(read_tflite(writer.build([source], [output])), ["x"])
    assert (layer.kind, layer.activation) == ("FULLY_CONNECTED", "tanh")
    assert layer.steps is not None
    assert layer.steps.output == Quantization((1 / 128,), (0,))
    assert layer.steps.before_activation == Quantization((0.125,), (3,))


def kinds(writer: Writer, source: int, outputs: list[int]) -> list[tuple[str, str]]:
    layers = int8_layers(read_tflite(writer.build([source], outputs)), ["x"])
    return [(layer.kind, layer.activation) for layer in layers[1:]]


def test_an_activation_stays_alone_where_its_sum_is_an_output_too() -> None:
    writer = Writer()
    source = writer.tensor((1, 3), 0.5)
    between, output = dense(writer, source), writer.tensor((1, 2), 1 / 256, -128)
    writer.operation("LOGISTIC", [between], [output])
    assert kinds(writer, source, [output, between]) == [("FULLY_CONNECTED", ""), ("LOGISTIC", "")]


def test_an_activation_stays_alone_where_another_reads_its_sum() -> None:
    writer = Writer()
    source = writer.tensor((1, 3), 0.5)
    between, one, two = dense(writer, source), writer.tensor((1, 2), 1 / 128), writer.tensor((1, 2), 1 / 256, -128)
    writer.operation("TANH", [between], [one])
    writer.operation("LOGISTIC", [between], [two])
    assert kinds(writer, source, [one, two]) == [("FULLY_CONNECTED", ""), ("TANH", ""), ("LOGISTIC", "")]


def test_an_activation_stays_alone_where_the_layer_before_has_one_or_no_parameters() -> None:
    writer = Writer()
    source = writer.tensor((1, 3), 0.5)
    one, two = writer.tensor((1, 3), 1 / 128), writer.tensor((1, 2), 1 / 128)
    writer.operation("TANH", [source], [one])
    between = dense(writer, one, activation="RELU")
    writer.operation("TANH", [between], [two])
    assert kinds(writer, source, [two]) == [("TANH", ""), ("FULLY_CONNECTED", "relu"), ("TANH", "")]


def test_a_branch_has_both_its_sources() -> None:
    writer = Writer()
    source = writer.tensor((1, 2), 0.5)
    weights = np.eye(2, dtype=np.int8)
    one = writer.fully_connected(source, weights, 0.5, None, 0.5, 0)
    two = writer.tensor((1, 2), 0.5)
    writer.operation("ADD", [one, source], [two])
    layers = int8_layers(read_tflite(writer.build([source], [two])), ["x"])
    assert [layer.sources for layer in layers] == [(), (0,), (1, 0)]


def test_a_convolution_shows_kernel_and_strides() -> None:
    writer = Writer()
    source = writer.tensor((1, 8, 8, 1), 0.5)
    kernel = writer.tensor((2, 3, 5, 1), [0.5, 0.25], [0, 0], data=np.ones((2, 3, 5, 1)))
    output = writer.tensor((1, 4, 8, 2), 0.5)
    writer.operation("CONV_2D", [source, kernel, -1], [output], strideH=2, strideW=1)
    _, convolution = int8_layers(read_tflite(writer.build([source], [output])), ["x"])
    assert (convolution.kernel, convolution.strides, convolution.parameters) == ((3, 5), (2, 1), 30)


def test_a_large_layer_shows_no_weights() -> None:
    writer = Writer()
    source = writer.tensor((1, 32), 0.5)
    output = writer.fully_connected(source, np.ones((9, 32), np.int8), 0.5, None, 0.5, 0)
    layer = int8_layers(read_tflite(writer.build([source], [output])), ["x"])[1]
    assert (layer.weights, layer.parameters) == ((), 288)
