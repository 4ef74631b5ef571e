"""A network from elsewhere, checked, loaded and handed back in a form of which no code needs to run again."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinyml_pipeline.quantization.child.graph_network import GraphNetwork
from tinyml_pipeline.quantization.child.keras_import import load_h5, load_keras_zip, packed
from tinyml_pipeline.quantization.child.keras_network import KerasNetwork, load_model
from tinyml_pipeline.quantization.child.networks import Network, Port
from tinyml_pipeline.quantization.child.saved_model import freeze_saved_model
from tinyml_pipeline.quantization.child.tflite_network import TfliteNetwork
from tinyml_pipeline.quantization.framing import Message
from tinyml_pipeline.quantization.refused import RefusedError


def load_network(archive: bytes) -> Network:
    """A network that this program has trained or imported: a .keras file, a MetaGraphDef or a float .tflite."""
    if archive[4:8] == b"TFL3":
        return TfliteNetwork(archive)
    if GraphNetwork.is_one(archive):
        return GraphNetwork.unpack(archive)
    return KerasNetwork(load_model(archive))


def import_network(request: Message) -> Message:
    """`form` is keras, h5, savedmodel (`paths` name the parts) or float (a .tflite).

    `trust` lets code of the file run, `unroll` writes out the steps of Keras' recurrent layers.

    The answer has the network's bytes, and its inputs and outputs by name and shape of one sample.
    """
    form, trust, unroll = (request.fields[key] for key in ("form", "trust", "unroll"))
    if form == "savedmodel":
        archive = freeze_saved_model(dict(zip(request.fields["paths"], request.parts, strict=True)))
    elif form == "float":
        archive = request.parts[0]
    else:
        load = load_keras_zip if form == "keras" else load_h5
        archive = packed(load(request.parts[0], trust, unroll))
    network = load_network(archive)
    for port in network.inputs:
        _check_shape(port)
    inputs = [_facts(port) for port in network.inputs]
    zeros = [np.zeros((1, *port.fixed_shape), np.float32) for port in network.inputs]
    shapes = [list(output.shape[1:]) for output in network.predict(zeros)]
    outputs = [{"name": name, "shape": shape} for name, shape in zip(network.output_names, shapes, strict=True)]
    return Message({"ok": True, "inputs": inputs, "outputs": outputs}, (archive,))


def _check_shape(port: Port) -> None:
    _ = port.fixed_shape
    if not (np.issubdtype(port.dtype, np.floating) or np.issubdtype(port.dtype, np.integer)):
        raise RefusedError(f"its input '{port.name}' takes {np.dtype(port.dtype).name}, not numbers.")


def _facts(port: Port) -> dict[str, Any]:
    return {"name": port.name, "shape": list(port.fixed_shape)}
