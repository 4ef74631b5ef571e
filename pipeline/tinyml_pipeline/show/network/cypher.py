"""A network as Cypher for a Neo4j database, or another one that speaks openCypher."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

from tinyml_pipeline.compiler.graph import Quantization
from tinyml_pipeline.show.network.labels import neuron_name
from tinyml_pipeline.show.network.network import Int8Steps, Layer, Network, columns, show_neurons

_HEAD = """\
// Load it: cypher-shell --file network.cypher, or paste it into Neo4j Browser. Loading it again replaces what is there.
// (:Layer)-[:FEEDS]->(:Layer); of a small network also (:Neuron)-[:WEIGHT]->(:Neuron) and (:Neuron)-[:IN]->(:Layer).
// Weights and biases are real numbers; int8 is the number that is kept: real = scale * (int8 - zero point).
"""


def to_cypher(networks: Sequence[Network]) -> str:
    """A statement that takes away what an earlier load left, and one for each network."""
    statements = [_HEAD, f"MATCH (n {_map({'model': networks[0].model})}) WHERE n:Layer OR n:Neuron DETACH DELETE n;\n"]
    for network in networks:
        patterns = ",\n".join(f"  {pattern}" for pattern in _patterns(network, show_neurons(networks)))
        statements.append(f"// {network.form}, read from the file of SHA-256 {network.sha256}\nCREATE\n{patterns};\n")
    return "\n".join(statements)


def _key(network: Network) -> dict[str, object]:
    return {"model": network.model, "form": network.form}


def _patterns(network: Network, neurons: bool) -> Iterator[str]:
    for place, layer in enumerate(network.layers):
        yield f"(l{place}:Layer {_map({**_key(network), 'place': place, **_layer_facts(layer)})})"
    for place, layer in enumerate(network.layers):
        for source in layer.sources:
            yield f"(l{source})-[:FEEDS]->(l{place})"
    if neurons:
        yield from _neurons(network)


def _layer_facts(layer: Layer) -> dict[str, object]:
    facts: dict[str, object] = {
        "name": layer.name,
        "kind": layer.kind,
        "activation": layer.activation,
        "shape": list(layer.shape),
        "parameters": layer.parameters,
        "bytes": layer.parameter_bytes,
        "kernel": list(layer.kernel),
        "strides": list(layer.strides),
        **(_step_facts(layer.steps) if layer.steps else {}),
    }
    return {name: value for name, value in facts.items() if value not in ("", [])}


def _step_facts(steps: Int8Steps) -> dict[str, object]:
    """One number where a tensor has one scale, else a list of them."""

    def facts(prefix: str, found: Quantization | None) -> dict[str, object]:
        if found is None:
            return {}
        if found.per_channel:
            return {f"{prefix}scales": list(found.scales), f"{prefix}zero_points": list(found.zero_points)}
        return {f"{prefix}scale": found.scale, f"{prefix}zero_point": found.zero_point}

    return (
        facts("", steps.output) | facts("before_activation_", steps.before_activation) | facts("weight_", steps.weight)
    )


def _neurons(network: Network) -> Iterator[str]:
    dense = network.dense()
    for depth, (column, count) in enumerate(columns(network)):
        for index in range(count):
            name = neuron_name(network, depth, index) or f"neuron {index + 1}"
            facts = {**_key(network), "name": name, "layer": depth, "index": index}
            yield f"(n{depth}_{index}:Neuron {_map({**facts, **_bias(dense[depth - 1] if depth else None, index)})})"
            yield f"(n{depth}_{index})-[:IN]->(l{network.layers.index(column)})"
    for depth, layer in enumerate(dense, 1):
        for start, row in enumerate(layer.weights):
            for end, weight in enumerate(row):
                kept = {"int8": layer.steps.weights[start][end]} if layer.steps else {}
                yield f"(n{depth - 1}_{start})-[:WEIGHT {_map({'weight': weight, **kept})}]->(n{depth}_{end})"


def _bias(layer: Layer | None, index: int) -> dict[str, object]:
    if layer is None or not layer.biases:
        return {}
    kept = {"bias_int32": layer.steps.biases[index]} if layer.steps else {}
    return {"bias": layer.biases[index], **kept}


def _map(values: Mapping[str, object]) -> str:
    return "{" + ", ".join(f"{name}: {_literal(value)}" for name, value in values.items()) + "}"


def _literal(value: object) -> str:
    """Strings and lists are written as in JSON; a power of ten has no plus in openCypher."""
    text = json.dumps(value, ensure_ascii=False)
    return text.replace("e+", "e") if isinstance(value, float) else text
