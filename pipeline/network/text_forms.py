"""A network as a Graphviz file and as Cypher for a Neo4j database."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import pairwise

from pipeline.network.network import Network

Node = tuple[str, str, dict[str, object]]
Edge = tuple[str, str, float | None]


def to_dot(networks: Sequence[Network]) -> str:
    """One cluster a network, layers or neurons from left to right."""
    lines = ["digraph network {", "  rankdir=LR;", "  node [shape=box, fontname=Helvetica];"]
    for network in networks:
        lines += [f"  // {network.model}, {network.form}, SHA-256 {network.sha256}"]
        lines += [f"  subgraph cluster_{network.form} {{", f"    label={_quoted(_title(network))};"]
        nodes, edges = parts(network)
        lines += [f"    {_quoted(key)} [label={_quoted(str(values['label']))}];" for key, _, values in nodes]
        for start, end, weight in edges:
            label = "" if weight is None else f" [label={_quoted(f'{weight:.4g}')}]"
            lines.append(f"    {_quoted(start)} -> {_quoted(end)}{label};")
        lines.append("  }")
    return "\n".join([*lines, "}"]) + "\n"


def to_cypher(networks: Sequence[Network]) -> str:
    """One CREATE statement a network: nodes :Layer or :Neuron, relations :FEEDS with the weight where there is one."""
    statements = []
    for network in networks:
        nodes, edges = parts(network)
        names = {key: f"n{number}" for number, (key, _, _) in enumerate(nodes)}
        made = [
            f"  ({names[key]}:{kind} {_properties({'model': network.model, 'form': network.form, **values})})"
            for key, kind, values in nodes
        ]
        for start, end, weight in edges:
            properties = "" if weight is None else " " + _properties({"weight": weight})
            made.append(f"  ({names[start]})-[:FEEDS{properties}]->({names[end]})")
        statements.append(
            f"// {network.model}, {network.form}, SHA-256 {network.sha256}\nCREATE\n" + ",\n".join(made) + ";\n"
        )
    return "\n".join(statements)


def parts(network: Network) -> tuple[list[Node], list[Edge]]:
    """Nodes (key, kind, properties) and edges (from, to, weight): neurons of a small network, else layers."""
    if not network.neurons():
        nodes: list[Node] = [
            (
                f"{network.form}_{index}",
                "Layer",
                {
                    "label": layer.label,
                    "name": layer.name,
                    "kind": layer.kind,
                    "shape": list(layer.shape),
                    "parameters": layer.parameters,
                },
            )
            for index, layer in enumerate(network.layers)
        ]
        return nodes, [(a[0], b[0], None) for a, b in pairwise(nodes)]
    return list(_neuron_nodes(network)), list(_neuron_edges(network))


def _neuron_nodes(network: Network) -> Iterator[Node]:
    dense = network.neurons()
    for index in range(len(dense[0].weights)):
        name = network.inputs[index] if len(network.inputs) == len(dense[0].weights) else f"input {index}"
        yield f"{network.form}_0_{index}", "Neuron", {"label": name, "layer": 0}
    for depth, layer in enumerate(dense, 1):
        for index in range(len(layer.weights[0])):
            bias = layer.biases[index] if layer.biases else 0.0
            label = f"{layer.detail}\nbias {bias:.4g}".strip()
            yield f"{network.form}_{depth}_{index}", "Neuron", {"label": label, "layer": depth, "bias": bias}


def _neuron_edges(network: Network) -> Iterator[Edge]:
    for depth, layer in enumerate(network.neurons(), 1):
        for start, row in enumerate(layer.weights):
            for end, weight in enumerate(row):
                yield f"{network.form}_{depth - 1}_{start}", f"{network.form}_{depth}_{end}", weight


def _title(network: Network) -> str:
    return f"{network.model}, {network.form}: {network.parameters:,} parameters"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _properties(values: dict[str, object]) -> str:
    return "{" + ", ".join(f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in values.items()) + "}"
