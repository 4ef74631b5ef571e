"""A network as a Graphviz file."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from tinyml_pipeline.show.network.labels import both, caption, column_details, details, heading, neuron_lines, title
from tinyml_pipeline.show.network.network import Network, columns, show_neurons


def to_dot(networks: Sequence[Network]) -> str:
    """One cluster a network: of small ones each neuron with its weights, from left to right, else layers downwards.

    Negative weights are dashed.
    """
    neurons = show_neurons(networks)
    lines = [
        "digraph network {",
        f"  graph [rankdir={'LR' if neurons else 'TB'}, ranksep={2.2 if neurons else 0.4}, nodesep=0.3,",
        f'    fontname="Helvetica", fontsize=16, labelloc=b, label={_quoted(caption(networks))}];',
        '  node [fontname="Helvetica", fontsize=14, shape=box, style="rounded,filled", fillcolor=white];',
        '  edge [fontname="Helvetica", fontsize=12];',
    ]
    # From left to right, Graphviz draws what comes first lowest.
    for network in reversed(networks) if neurons else networks:
        lines += [
            f"  // {network.form}, read from the file of SHA-256 {network.sha256}",
            f"  subgraph cluster_{network.form} {{",
            f"    graph [labelloc=t, style=rounded, margin=16, label={_quoted(_title(network, neurons))}];",
            *(_neurons(network) if neurons else _layers(network)),
            "  }",
        ]
    return "\n".join([*lines, "}"]) + "\n"


def _title(network: Network, neurons: bool) -> str:
    """Over neurons also what int8 makes of each layer: over the layer itself, arrows would cross it."""
    lines = [f"{network.model}, {title(network)}"]
    for layer, _ in columns(network) if neurons else ():
        if made := column_details(layer):
            lines.append(f"{heading(layer)}; {'; '.join(made)}")
    return "\n".join(lines)


def _layers(network: Network) -> Iterator[str]:
    for place, layer in enumerate(network.layers):
        label = "\n".join([heading(layer), *details(layer)])
        filled = ', fillcolor="#e8edf5"' if layer.parameters else ""
        yield f"    {network.form}_{place} [label={_quoted(label)}{filled}];"
    for place, layer in enumerate(network.layers):
        for source in layer.sources:
            yield f"    {network.form}_{source} -> {network.form}_{place};"


def _neurons(network: Network) -> Iterator[str]:
    """A cluster a layer, and the weights between them."""
    for depth, (layer, count) in enumerate(columns(network)):
        yield f"    subgraph cluster_{network.form}_{depth} {{"
        yield f'      graph [style="filled,rounded", color="#e8edf5", fontsize=14, label={_quoted(heading(layer))}];'
        for index in reversed(range(count)):
            text = "\n".join(neuron_lines(network, depth, index))
            yield f"      {network.form}_{depth}_{index} [label={_quoted(text)}];"
        yield "    }"
    for depth, layer in enumerate(network.dense(), 1):
        for start, row in reversed(list(enumerate(layer.weights))):
            for end, weight in reversed(list(enumerate(row))):
                label = both(weight, layer.steps.weights[start][end] if layer.steps else None)
                dashed = ", style=dashed" if weight < 0 else ""
                ends = f"{network.form}_{depth - 1}_{start} -> {network.form}_{depth}_{end}"
                yield f"    {ends} [label={_quoted(label)}{dashed}];"


def _quoted(text: str) -> str:
    """In quotes as Graphviz reads them: its escapes for a quote, a backslash and a line's end are those of JSON."""
    return json.dumps(text, ensure_ascii=False)
