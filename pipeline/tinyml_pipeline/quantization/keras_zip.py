"""A .keras file from elsewhere, read as the zip archive that it is, without Keras and without writing anything."""

from __future__ import annotations

import io
import json
import re
import zipfile
import zlib
from dataclasses import dataclass
from typing import Any

from tinyml_pipeline.errors import visible
from tinyml_pipeline.quantization.keras_config import check_config
from tinyml_pipeline.quantization.refused import RefusedError

MOST_BYTES = 256 << 20
"""Of a network's file, unpacked; 16 times the flash of the largest board here, in float32."""
_CONFIG, _WEIGHTS, _METADATA = "config.json", "model.weights.h5", "metadata.json"
_MOST_CONFIG_BYTES = 32 << 20
_EPOCH = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class KerasZip:
    """What a .keras file holds: the network's configuration, and its weights as an HDF5 file."""

    config: dict[str, Any]
    weights: bytes
    metadata: bytes

    @property
    def is_of_keras_2(self) -> bool:
        try:
            return str(_as_object(self.metadata).get("keras_version", "")).startswith("2.")
        except ValueError:
            return False

    def pack(self) -> bytes:
        """A .keras file with just that."""
        output = io.BytesIO()
        parts = {_METADATA: self.metadata, _CONFIG: json.dumps(self.config).encode(), _WEIGHTS: self.weights}
        with zipfile.ZipFile(output, "w") as target:
            for name, content in parts.items():
                target.writestr(zipfile.ZipInfo(name, _EPOCH), content)
        return output.getvalue()


def read_keras_zip(data: bytes, *, trust: bool = False) -> KerasZip:
    """Raises RefusedError for an archive that is broken, too large, has entries outside of itself or of another kind,
    and for what `check_config` refuses."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            _check_entries(archive.infolist(), len(data))
            config = _as_object(archive.read(_CONFIG))
            check_config(config, trust=trust)
            metadata = archive.read(_METADATA) if _METADATA in archive.namelist() else b"{}"
            return KerasZip(config, archive.read(_WEIGHTS), metadata)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError) as error:
        if isinstance(error, RecursionError):
            raise RefusedError("its configuration is nested too deeply to be one of Keras.") from None
        reason = visible(str(error) or type(error).__name__)
        raise RefusedError(f"it is not a readable .keras archive ({reason}). Save or copy it again.") from None


def _check_entries(entries: list[zipfile.ZipInfo], packed: int) -> None:
    names = [entry.filename for entry in entries]
    for name in names:
        if name.startswith(("/", "\\")) or re.match(r"^[A-Za-z]:", name) or ".." in re.split(r"[/\\]", name):
            raise RefusedError(
                f"its entry '{visible(name)}' climbs out of the archive. It was made to do harm; drop it."
            )
    size = sum(entry.file_size for entry in entries)
    if size > MOST_BYTES:
        raise RefusedError(
            f"it unpacks from {packed:,} to {size:,} bytes; supported: {MOST_BYTES:,}, far more than a microcontroller"
            " has."
        )
    for name in names:
        if re.search(r"\.(pkl|pickle|joblib|dill|npy|npz|pt|pth)$", name, re.IGNORECASE):
            raise RefusedError(f"it holds '{visible(name)}', a pickle or array, which is no part of a .keras file.")
        if name not in (_CONFIG, _WEIGHTS, _METADATA):
            raise RefusedError(f"it holds '{visible(name)}', which is no part of a network of numbers.")
    for name in (_CONFIG, _WEIGHTS):
        if names.count(name) != 1:
            raise RefusedError(f"it holds {names.count(name)} entries '{name}' where a .keras file has one.")
    if next(entry for entry in entries if entry.filename == _CONFIG).file_size > _MOST_CONFIG_BYTES:
        raise RefusedError(f"its {_CONFIG} has more than {_MOST_CONFIG_BYTES:,} bytes.")


def _as_object(content: bytes) -> dict[str, Any]:
    found = json.loads(content)
    if not isinstance(found, dict):
        raise RefusedError(f"its {_CONFIG} describes no network.")
    return found
