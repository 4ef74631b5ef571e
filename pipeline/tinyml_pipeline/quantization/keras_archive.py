"""What a .keras archive says of its layers, read without Keras: enough to name the layer that a crash comes from."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from typing import Any

RECURRENT = ("LSTM", "GRU", "SimpleRNN", "RNN", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D")


def rolled_layers(archive: bytes) -> list[str]:
    """The recurrent layers that are not unrolled, each as "'lstm' (LSTM)"; they crash the converter."""
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as file:
            config = json.loads(file.read("config.json"))
    except (zipfile.BadZipFile, KeyError, ValueError):
        return []
    return [
        f"'{layer['config'].get('name', '?')}' ({layer['class_name']})"
        for layer in _objects(config)
        if layer["class_name"] in RECURRENT and not layer["config"].get("unroll", False)
    ]


def _objects(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        if isinstance(node.get("class_name"), str) and isinstance(node.get("config"), dict):
            yield node
        for value in node.values():
            yield from _objects(value)
    elif isinstance(node, list):
        for value in node:
            yield from _objects(value)
