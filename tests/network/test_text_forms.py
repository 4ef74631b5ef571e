"""The drawn network as text, and which networks show every neuron."""

from __future__ import annotations

from dataclasses import replace

from pipeline.network.network import Layer, Network
from pipeline.network.text_forms import to_cypher, to_dot

INPUT = Layer("input", "Input", "", (2,), 0)
HIDDEN = Layer("hidden", "Dense", "relu", (2,), 6, ((1.0, -1.0), (1.0, 1.0)), (0.0, 0.5))
OUTPUT = Layer("output", "Dense", "", (1,), 2, ((2.0,), (-1.0,)), ())
BANK = Network("bank", "float", "abc", ("children", "accounts"), ("transactions",), (INPUT, HIDDEN, OUTPUT))
LARGE = replace(BANK, layers=(INPUT, Layer("wide", "Dense", "relu", (50,), 150)))


def test_a_small_network_shows_every_neuron_with_its_weights_in_dot() -> None:
    assert to_dot([BANK]) == (
        "digraph network {\n"
        "  rankdir=LR;\n"
        "  node [shape=box, fontname=Helvetica];\n"
        "  // bank, float, SHA-256 abc\n"
        "  subgraph cluster_float {\n"
        '    label="bank, float: 8 parameters";\n'
        '    "float_0_0" [label="children"];\n'
        '    "float_0_1" [label="accounts"];\n'
        '    "float_1_0" [label="relu\\nbias 0"];\n'
        '    "float_1_1" [label="relu\\nbias 0.5"];\n'
        '    "float_2_0" [label="bias 0"];\n'
        '    "float_0_0" -> "float_1_0" [label="1"];\n'
        '    "float_0_0" -> "float_1_1" [label="-1"];\n'
        '    "float_0_1" -> "float_1_0" [label="1"];\n'
        '    "float_0_1" -> "float_1_1" [label="1"];\n'
        '    "float_1_0" -> "float_2_0" [label="2"];\n'
        '    "float_1_1" -> "float_2_0" [label="-1"];\n'
        "  }\n"
        "}\n"
    )


def test_a_large_network_shows_its_layers_in_cypher() -> None:
    assert to_cypher([LARGE]) == (
        "// bank, float, SHA-256 abc\n"
        "CREATE\n"
        '  (n0:Layer {model: "bank", form: "float", label: "Input\\n2", name: "input", kind: "Input", shape: [2],'
        " parameters: 0}),\n"
        '  (n1:Layer {model: "bank", form: "float", label: "Dense\\n50\\nrelu\\n150 parameters", name: "wide",'
        ' kind: "Dense", shape: [50], parameters: 150}),\n'
        "  (n0)-[:FEEDS]->(n1);\n"
    )


def test_only_small_dense_networks_show_neurons() -> None:
    assert BANK.neurons() == (HIDDEN, OUTPUT)
    assert LARGE.neurons() == ()
    convolution = Layer("c", "Conv2D", "", (2,), 9)
    assert replace(BANK, layers=(INPUT, convolution, OUTPUT)).neurons() == ()
    wide = replace(HIDDEN, weights=tuple((1.0,) * 40 for _ in range(2)), parameters=80)
    assert replace(BANK, layers=(INPUT, wide)).neurons() == ()
