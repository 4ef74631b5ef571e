"""The drawing as text for a graph database."""

from __future__ import annotations

import re
from dataclasses import replace

from tinyml_pipeline.show.network.cypher import to_cypher

from tests.network.samples import FLOAT, INT8, WIDE

HEAD = """\
// Load it: cypher-shell --file network.cypher, or paste it into Neo4j Browser. Loading it again replaces what is there.
// (:Layer)-[:FEEDS]->(:Layer); of a small network also (:Neuron)-[:WEIGHT]->(:Neuron) and (:Neuron)-[:IN]->(:Layer).
// Weights and biases are real numbers; int8 is the number that is kept: real = scale * (int8 - zero point).

"""


def test_a_large_network_is_its_layers() -> None:
    assert to_cypher([WIDE]) == (
        HEAD + 'MATCH (n {model: "wide"}) WHERE n:Layer OR n:Neuron DETACH DELETE n;\n'
        "\n"
        "// float, read from the file of SHA-256 abc\n"
        "CREATE\n"
        '  (l0:Layer {model: "wide", form: "float", place: 0, name: "image", kind: "Input", shape: [8, 8, 1],'
        " parameters: 0, bytes: 0}),\n"
        '  (l1:Layer {model: "wide", form: "float", place: 1, name: "conv", kind: "Conv2D", activation: "relu",'
        " shape: [4, 4, 8], parameters: 80, bytes: 320, kernel: [3, 3], strides: [2, 2]}),\n"
        '  (l2:Layer {model: "wide", form: "float", place: 2, name: "add", kind: "Add", shape: [4, 4, 8],'
        " parameters: 0, bytes: 0}),\n"
        "  (l0)-[:FEEDS]->(l1),\n"
        "  (l1)-[:FEEDS]->(l2),\n"
        "  (l0)-[:FEEDS]->(l2);\n"
    )


def test_a_small_network_has_neurons_and_weights_too() -> None:
    text = to_cypher([FLOAT])
    assert '(n1_1:Neuron {model: "bank", form: "float", name: "neuron 2", layer: 1, index: 1, bias: 0.5}),' in text
    assert '(n2_0:Neuron {model: "bank", form: "float", name: "transactions", layer: 2, index: 0}),' in text
    assert re.findall(r"\((n\d_\d)\)-\[:IN\]->\((l\d)\)", text) == [
        ("n0_0", "l0"), ("n0_1", "l0"), ("n1_0", "l1"), ("n1_1", "l1"), ("n2_0", "l2"),
    ]  # fmt: skip
    assert re.findall(r"\((n\d_\d)\)-\[:WEIGHT {weight: (\S+)}\]->\((n\d_\d)\)", text) == [
        ("n0_0", "1.0", "n1_0"), ("n0_0", "-1.0", "n1_1"), ("n0_1", "1.0", "n1_0"), ("n0_1", "1.0", "n1_1"),
        ("n1_0", "2.0", "n2_0"), ("n1_1", "-1.0", "n2_0"),
    ]  # fmt: skip


def test_int8_has_scales_zero_points_and_the_numbers_that_are_kept() -> None:
    text = to_cypher([FLOAT, INT8])
    assert text.count(";\n") == 3, "one statement deletes, one for each form creates"
    assert (
        "bytes: 12, scale: 0.125, zero_point: 0, before_activation_scale: 0.25, before_activation_zero_point: -1,"
        " weight_scale: 0.25, weight_zero_point: 0}"
    ) in text
    assert "weight_scales: [0.5, 0.25], weight_zero_points: [0, 0]}" in text
    assert "(n0_0)-[:WEIGHT {weight: -1.0, int8: -4}]->(n1_1)" in text
    assert re.findall(r"int8: (-?\d+)}", text) == ["4", "-4", "4", "4", "4", "-2"]
    assert "bias: 0.5, bias_int32: 4}" in text


def test_every_name_is_made_before_it_is_used() -> None:
    for statement in to_cypher([FLOAT, INT8]).split("CREATE\n")[1:]:
        made = re.findall(r"^  \((\w+):", statement, re.MULTILINE)
        assert len(made) == len(set(made)) == 8
        assert set(re.findall(r"\((\w+)\)", statement)) == set(made)


def test_quotes_and_backslashes_of_a_name_are_escaped() -> None:
    text = to_cypher([replace(FLOAT, model='a "b" c\\d', inputs=("it's", 'say "x"'))])
    assert 'MATCH (n {model: "a \\"b\\" c\\\\d"})' in text
    assert 'name: "it\'s", layer: 0' in text
    assert 'name: "say \\"x\\"", layer: 0' in text


def test_a_power_of_ten_has_no_plus() -> None:
    output = replace(FLOAT.layers[2], weights=((2e30,), (-1e-30,)))
    text = to_cypher([replace(FLOAT, layers=(*FLOAT.layers[:2], output))])
    assert "{weight: 2e30}" in text
    assert "{weight: -1e-30}" in text
