"""Metadata of a .tflite file that changes what TFLM does: compressed weights, and where tensors lie in its arena."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinyml_pipeline.compiler.flatbuffer_reader import Reader, broken, contradiction
from tinyml_pipeline.errors import ModelFileError

_COMPRESSION, _PLAN = "COMPRESSION_METADATA", "OfflineMemoryAllocation"
_HEADER = 3  # version, subgraph, number of tensors


def check_compression(reader: Reader, model: Any) -> None:
    """Refuses weights of which the buffers hold numbers of a table's rows only."""
    if any(name == _COMPRESSION for name, _ in _entries(reader, model)):
        raise ModelFileError(
            f"the model's weights are compressed ({_COMPRESSION}); supported: weights as they are. Use the model as it"
            " was before it was compressed."
        )


def read_memory_plan(reader: Reader, model: Any, buffers: list[bytes]) -> tuple[int, ...]:
    """One offset per tensor, -1 where TFLM chooses; empty without a plan. Of several plans the last counts."""
    plan: tuple[int, ...] = ()
    for name, place in _entries(reader, model):
        if name != _PLAN:
            continue
        if place >= len(buffers):
            raise broken(f"{_PLAN} names buffer {place} of {len(buffers)}")
        words = np.frombuffer(buffers[place], "<i4", len(buffers[place]) // 4).tolist()
        count = words[_HEADER - 1] if len(words) >= _HEADER else -1
        if not 0 <= count <= len(words) - _HEADER:
            raise contradiction(f"the {len(words)} numbers of {_PLAN} are fewer than it takes")
        plan = tuple(words[_HEADER : _HEADER + count])
    return plan


def _entries(reader: Reader, model: Any) -> list[tuple[str, int]]:
    return [(reader.text(entry.Name()), entry.Buffer()) for entry in reader.tables(model, "Metadata")]
