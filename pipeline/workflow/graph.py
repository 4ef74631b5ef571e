"""`tinyml graph`: a network drawn before and after quantization."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline import provenance
from pipeline.artifacts import ModelFolder
from pipeline.compiler.graph import Graph, Operation
from pipeline.errors import UsageError
from pipeline.models.catalog import load_spec
from pipeline.models.spec import ModelSpec
from pipeline.network.network import Layer, Network
from pipeline.network.text_forms import to_cypher, to_dot
from pipeline.quantize.convert import KerasProcess
from pipeline.quantize.quantized_model import QuantizedModel, sample_shape
from pipeline.workflow.generate import converted_model
from pipeline.workflow.outcomes import tell_edited

FORMATS = ("svg", "png", "dot", "cypher")


@dataclass(frozen=True)
class Drawn:
    """`forms` are those that were drawn: float, and int8 where the model is converted."""

    model: str
    forms: tuple[str, ...]
    parameters: int
    path: str


def graph(name: str, root: Path, form: str) -> Drawn:
    """Draw a trained model into its folder; its int8 form too, where `convert` has made it."""
    if form not in FORMATS:
        raise UsageError(f"there is no format '{form}'; choose one of: {', '.join(FORMATS)}.")
    spec = load_spec(name)
    folder = ModelFolder(root, name)
    archive = folder.read("model.keras", made_by="train")
    with folder.locked():
        with KerasProcess() as keras:
            layers = keras.describe(archive, name)
        networks = [_float_network(spec, hashlib.sha256(archive).hexdigest(), layers)]
        if folder.record("convert") is not None:
            networks.append(_int8_network(spec, converted_model(spec, folder)))
        data = _render(networks, form)
        file = f"network.{form}"
        facts = {"forms": [network.form for network in networks]}
        made_from = provenance.digest([network.sha256 for network in networks], form)
        stage = {f"graph {form}": (made_from, {file: data}, facts)}
        tell_edited(folder, folder.publish(stage, provenance.environment()))
    forms = tuple(network.form for network in networks)
    return Drawn(name, forms, networks[0].parameters, str(folder.path / file))


def _render(networks: list[Network], form: str) -> bytes:
    if form == "dot":
        return to_dot(networks).encode()
    if form == "cypher":
        return to_cypher(networks).encode()
    from pipeline.report.draw_network import draw_networks

    return draw_networks(networks, form)


def _names(spec: ModelSpec) -> tuple[str, ...]:
    return tuple(domain.name for domain in spec.inputs)


def _float_network(spec: ModelSpec, sha256: str, layers: list[dict[str, Any]]) -> Network:
    made = tuple(
        Layer(
            layer["name"],
            layer["kind"],
            layer["activation"],
            tuple(layer["shape"]),
            layer["parameters"],
            tuple(tuple(row) for row in layer["weights"]),
            tuple(layer["biases"]),
        )
        for layer in layers
    )
    return Network(spec.name, "float", sha256, _names(spec), spec.outputs, made)


def _int8_network(spec: ModelSpec, model: QuantizedModel) -> Network:
    port = model.inputs[0]
    first = Layer(port.name, "Input", f"scale {port.scale:.3g}, zero {port.zero_point}", port.shape, 0)
    layers = tuple(_operation(model.graph, operation) for operation in model.graph.operations)
    return Network(spec.name, "int8", model.sha256, _names(spec), spec.outputs, (first, *layers))


def _operation(graph: Graph, operation: Operation) -> Layer:
    output = graph.tensors[operation.outputs[0]]
    constants = [graph.tensors[index] for index in operation.inputs if index >= 0 and graph.tensors[index].is_constant]
    parameters = [tensor for tensor in constants if tensor.quantization is not None]
    detail = []
    fused = operation.options.get("fused_activation_function", "NONE")
    if fused != "NONE":
        detail.append(str(fused).lower())
    if output.quantization is not None:
        detail.append(f"scale {output.quantization.scale:.3g}, zero {output.quantization.zero_point}")
    weights: tuple[tuple[float, ...], ...] = ()
    biases: tuple[float, ...] = ()
    if operation.name == "FULLY_CONNECTED" and parameters and parameters[0].type == "INT8":
        weights = tuple(tuple(map(float, row)) for row in parameters[0].values.T)
        biases = tuple(map(float, parameters[1].values)) if len(parameters) > 1 else ()
    return Layer(
        f"operation {operation.index}",
        operation.name,
        "\n".join(detail),
        sample_shape(output.shape),
        sum(tensor.size for tensor in parameters),
        weights,
        biases,
    )
