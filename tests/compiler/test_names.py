"""What layers and ports are called in the C."""

from __future__ import annotations

import pytest
from tinyml_pipeline.compiler.names import layer_names, port_names
from tinyml_pipeline.compiler.read_tflite import read_tflite

from tests.tflite_writer import Writer

LAYERS = {
    "as_keras_names_them": (["net/dense/MatMul", "net/dense_1/MatMul"], ["dense", "dense_1"]),
    "numbered_again_by_the_export": (
        ["sequential_1/dense_1/MatMul", "sequential_1/dense_1_2/MatMul", "sequential_1/dense_2_1/MatMul"],
        ["dense", "dense_1", "dense_2"],
    ),
    "numbers_that_tell_them_apart_stay": (["hidden_1/MatMul", "hidden_2/MatMul"], ["hidden_1", "hidden_2"]),
    "twice_the_same": (["head/MatMul", "head/MatMul"], ["head", "head_2"]),
    "made_up": (["tfl.pseudo_qconst", "arith.constant1"], ["fully_connected_0", "fully_connected_1"]),
    "words_of_c": (["double/MatMul"], ["fully_connected_double"]),
    "fused": (["MatMul;net/score/BiasAdd"], ["score"]),
}


@pytest.mark.parametrize("name", LAYERS)
def test_layer_names(name: str) -> None:
    given, expected = LAYERS[name]
    writer = Writer()
    first = source = writer.tensor((1, 2), 0.1, 0, name="x")
    for tensor_name in given:
        weights = writer.tensor((2, 2), 0.1, data=[[1, 2], [3, 4]], name=tensor_name)
        output = writer.tensor((1, 2), 0.1, 0, name="StatefulPartitionedCall:0")
        writer.operation("FULLY_CONNECTED", [source, weights, -1], [output])
        source = output
    graph = read_tflite(writer.build([first], [source]))
    assert list(layer_names(graph, graph.operations, set()).values()) == expected


PORTS = {
    "an_only_port_needs_no_name": (["serving_default_dense_input:0"], [], ["in"]),
    "given": (["input_0"], ["x"], ["x"]),
    "several": (["serving_default_a:0", "net/b"], [], ["a", "b"]),
    "several_without_a_name": (["StatefulPartitionedCall:0", "StatefulPartitionedCall_1:0"], [], ["in_0", "in_1"]),
    "twice_the_same": (["a", "a"], [], ["a", "a_2"]),
    "given_as_a_word_of_c": (["q"], ["int"], ["in_int"]),
}


@pytest.mark.parametrize("name", PORTS)
def test_port_names(name: str) -> None:
    own, given, expected = PORTS[name]
    assert list(port_names(own, given, "in", set())) == expected
