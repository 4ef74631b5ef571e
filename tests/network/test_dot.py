"""The drawing as text for Graphviz."""

from __future__ import annotations

import re
from dataclasses import replace

from tinyml_pipeline.show.network.dot import to_dot

from tests.network.samples import FLOAT, INT8, WIDE


def test_a_small_network_shows_every_neuron_with_its_weights() -> None:
    assert to_dot([FLOAT]) == (
        "digraph network {\n"
        "  graph [rankdir=LR, ranksep=2.2, nodesep=0.3,\n"
        '    fontname="Helvetica", fontsize=16, labelloc=b, label="solid: positive weight, dashed: negative weight"];\n'
        '  node [fontname="Helvetica", fontsize=14, shape=box, style="rounded,filled", fillcolor=white];\n'
        '  edge [fontname="Helvetica", fontsize=12];\n'
        "  // float, read from the file of SHA-256 abc\n"
        "  subgraph cluster_float {\n"
        '    graph [labelloc=t, style=rounded, margin=16, label="bank, float: 8 parameters in 32 bytes"];\n'
        "    subgraph cluster_float_0 {\n"
        '      graph [style="filled,rounded", color="#e8edf5", fontsize=14, label="Input"];\n'
        '      float_0_1 [label="accounts"];\n'
        '      float_0_0 [label="children"];\n'
        "    }\n"
        "    subgraph cluster_float_1 {\n"
        '      graph [style="filled,rounded", color="#e8edf5", fontsize=14, label="Dense, relu"];\n'
        '      float_1_1 [label="relu\\nbias 0.5"];\n'
        '      float_1_0 [label="relu\\nbias 0"];\n'
        "    }\n"
        "    subgraph cluster_float_2 {\n"
        '      graph [style="filled,rounded", color="#e8edf5", fontsize=14, label="Dense"];\n'
        '      float_2_0 [label="transactions"];\n'
        "    }\n"
        '    float_0_1 -> float_1_1 [label="1"];\n'
        '    float_0_1 -> float_1_0 [label="1"];\n'
        '    float_0_0 -> float_1_1 [label="-1", style=dashed];\n'
        '    float_0_0 -> float_1_0 [label="1"];\n'
        '    float_1_1 -> float_2_0 [label="-1", style=dashed];\n'
        '    float_1_0 -> float_2_0 [label="2"];\n'
        "  }\n"
        "}\n"
    )


def test_int8_shows_the_number_that_is_kept_and_the_scales() -> None:
    text = to_dot([FLOAT, INT8])
    assert text.index("subgraph cluster_int8 {") < text.index("subgraph cluster_float {"), (
        "what comes first lies lowest"
    )
    assert 'int8_0_0 -> int8_1_1 [label="-4 (-1)", style=dashed];' in text
    assert (
        'label="bank, int8: 8 parameters in 14 bytes\\n'
        "Input; values: scale 0.5, zero point -128\\n"
        "FULLY_CONNECTED, tanh; values: scale 0.125, zero point 0; before tanh: scale 0.25, zero point -1;"
        " weights: scale 0.25\\n"
        'FULLY_CONNECTED; values: scale 0.75, zero point 6; weights: 2 scales, 0.25 to 0.5"'
    ) in text


def test_a_large_network_shows_its_layers_downwards_with_their_branches() -> None:
    text = to_dot([WIDE])
    assert "rankdir=TB" in text
    assert re.findall(r"    (float_\d -> float_\d);", text) == [
        "float_0 -> float_1", "float_1 -> float_2", "float_0 -> float_2",
    ]  # fmt: skip
    label = "Conv2D 3 x 3, stride 2 x 2, relu\\n4 x 4 x 8 values\\n80 parameters, weights -0.25 to 0.75"
    assert f'float_1 [label="{label}", fillcolor="#e8edf5"];' in text
    assert 'float_2 [label="Add\\n4 x 4 x 8 values"];' in text


def test_quotes_and_backslashes_of_a_name_are_escaped() -> None:
    text = to_dot([replace(FLOAT, model='a "b" c\\n', inputs=('say "x"', "y\\"))])
    assert 'label="a \\"b\\" c\\\\n, float: 8 parameters in 32 bytes"' in text
    assert 'float_0_0 [label="say \\"x\\""];' in text
    assert 'float_0_1 [label="y\\\\"];' in text
