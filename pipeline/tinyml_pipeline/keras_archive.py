"""A Keras model as the bytes of a .keras file in which nothing but the model counts."""

from __future__ import annotations

import io
import json
import tempfile
import zipfile
from pathlib import Path
from typing import Any

_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time a zip archive can hold."""


def archive(model: Any) -> bytes:
    """What `save` of a keras.Model writes, with its time of saving, file times and object addresses taken out."""
    with tempfile.TemporaryDirectory(prefix="tinyml-") as folder:
        path = Path(folder, "model.keras")
        model.save(path)
        saved = path.read_bytes()
    output = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(saved)) as source, zipfile.ZipFile(output, "w") as target:
        for name in sorted(source.namelist()):
            content = source.read(name)
            if name == "metadata.json":
                content = _edit(content, lambda metadata: {**metadata, "date_saved": "1980-01-01@00:00:00"})
            elif name == "config.json":
                content = _edit(content, lambda config: _renumber(config, {}))
            target.writestr(zipfile.ZipInfo(name, _EPOCH), content)
    return output.getvalue()


def _edit(content: bytes, change: Any) -> bytes:
    return json.dumps(change(json.loads(content))).encode()


def _renumber(value: Any, numbers: dict[int, int]) -> Any:
    """Objects that a model shares carry their memory address as their number; count them instead."""
    if isinstance(value, list):
        return [_renumber(item, numbers) for item in value]
    if isinstance(value, dict):
        return {
            key: numbers.setdefault(item, len(numbers) + 1) if key == "shared_object_id" else _renumber(item, numbers)
            for key, item in value.items()
        }
    return value
