"""What a .keras archive says of its layers, read without Keras: enough to name the layer that a crash comes from."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from typing import Any

RECURRENT = ("LSTM", "GRU", "SimpleRNN", "RNN", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D")


def input_ports(archive: bytes) -> list[tuple[str, tuple[int, ...]]]:
    """Name and shape of one sample of each input, in the network's order, if it is functional; otherwise empty."""
    config = _config(archive).get("config", {})
    inputs = config.get("input_layers", [])
    shapes = {
        layer["config"]["name"]: layer["config"].get("batch_shape") or ()
        for layer in config.get("layers", [])
        if layer.get("class_name") == "InputLayer"
    }
    names = [inputs] if inputs and isinstance(inputs[0], str) else inputs  # of one input, without a list around it
    return [(str(name), tuple(size or 0 for size in shapes.get(name, ())[1:])) for name, *_ in names]


def output_names(archive: bytes) -> list[str]:
    """Of a functional network, in its order; otherwise empty."""
    outputs = _config(archive).get("config", {}).get("output_layers", [])
    return [str(name) for name, *_ in ([outputs] if outputs and isinstance(outputs[0], str) else outputs)]


def rolled_layers(archive: bytes) -> list[str]:
    """The recurrent layers that are not unrolled, each as "'lstm' (LSTM)"; they crash the converter."""
    return [
        f"'{layer['config'].get('name', '?')}' ({layer['class_name']})"
        for layer in _objects(_config(archive))
        if layer["class_name"] in RECURRENT and not layer["config"].get("unroll", False)
    ]


def _config(archive: bytes) -> dict[str, Any]:
    """Empty for what is not a .keras archive."""
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as file:
            config = json.loads(file.read("config.json"))
    except (zipfile.BadZipFile, KeyError, ValueError):
        return {}
    return config if isinstance(config, dict) else {}


def _objects(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        if isinstance(node.get("class_name"), str) and isinstance(node.get("config"), dict):
            yield node
        for value in node.values():
            yield from _objects(value)
    elif isinstance(node, list):
        for value in node:
            yield from _objects(value)
