"""What Keras tells of its layers, from model to drawing."""

from __future__ import annotations

import numpy as np
from tinyml_pipeline.quantization.convert import KerasProcess
from tinyml_pipeline.show.network.float_layers import float_layers

from tests.conftest import BuildKeras


def test_dense_layers_come_with_weights_biases_and_range(keras_process: KerasProcess, build_keras: BuildKeras) -> None:
    source = "Sequential([Input((2,)), layers.Dense(2, activation='tanh', name='h'), layers.Dense(1, use_bias=False)])"
    archive = build_keras(source, [[[1, -1], [1, 1]], [0, 0.5], [[2], [-1]]])
    first, hidden, output = float_layers(keras_process.describe(archive, "bank"))
    assert (first.kind, first.shape, first.sources, first.parameters) == ("Input", (2,), (), 0)
    assert (hidden.name, hidden.kind, hidden.activation, hidden.shape) == ("h", "Dense", "tanh", (2,))
    assert (hidden.weights, hidden.biases) == (((1.0, -1.0), (1.0, 1.0)), (0.0, 0.5))
    assert (hidden.parameters, hidden.parameter_bytes, hidden.weight_range) == (6, 24, (-1.0, 1.0))
    assert (output.activation, output.weights, output.biases) == ("", ((2.0,), (-1.0,)), ())
    assert (output.parameters, output.weight_range, output.steps) == (2, (-1.0, 2.0), None)


def test_a_chain_with_convolution_and_pooling(keras_process: KerasProcess, build_keras: BuildKeras) -> None:
    archive = build_keras(
        "Sequential([Input((8, 8, 1)), layers.Conv2D(4, 3, strides=2, activation='relu'), layers.MaxPooling2D(),"
        " layers.Flatten(), layers.Dropout(0.2), layers.Dense(300)])"
    )
    layers = float_layers(keras_process.describe(archive, "eye"))
    assert [layer.kind for layer in layers] == ["Input", "Conv2D", "MaxPooling2D", "Flatten", "Dropout", "Dense"]
    assert [layer.sources for layer in layers] == [(), (0,), (1,), (2,), (3,), (4,)]
    assert [layer.parameters for layer in layers] == [0, 3 * 3 * 4 + 4, 0, 0, 0, 4 * 300 + 300]
    assert (layers[1].kernel, layers[1].strides, layers[1].shape) == ((3, 3), (2, 2), (3, 3, 4))
    assert (layers[2].kernel, layers[2].strides) == ((2, 2), (2, 2))
    assert layers[5].weights == (), "too large to draw"
    assert layers[5].weight_range is not None
    assert np.all(np.abs(layers[5].weight_range) > 0)


def test_a_branch_has_all_its_sources(keras_process: KerasProcess, build_keras: BuildKeras) -> None:
    archive = build_keras(
        "(lambda a, b: (lambda c: keras.Model([a, b], layers.Concatenate()([c, layers.Dense(2)(c), b])))"
        "(layers.Dense(2)(a)))(Input((2,), name='a'), Input((3,), name='b'))"
    )
    layers = float_layers(keras_process.describe(archive, "branch"))
    assert [layer.name for layer in layers[:2]] == ["a", "b"]
    assert [layer.sources for layer in layers] == [(), (), (0,), (2,), (2, 3, 1)]
