"""HDF5 files of Keras from elsewhere: what they may hold."""

from __future__ import annotations

import io
import json
from typing import Any

from tinyml_pipeline.errors import visible
from tinyml_pipeline.quantization.keras_config import check_config
from tinyml_pipeline.quantization.keras_zip import MOST_BYTES
from tinyml_pipeline.quantization.refused import RefusedError


def check_hdf5(data: bytes) -> None:
    """Raise RefusedError for links out of the file, contents that are not numbers, or more of them than fit."""
    import h5py

    seen: set[Any] = set()
    total = 0

    def walk(group: Any, path: str) -> None:
        nonlocal total
        for name in group:
            here = f"{path}/{visible(name)}"
            if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                raise RefusedError(f"'{here}' is a link to another place, which Keras does not write.")
            thing = group[name]
            key = h5py.h5o.get_info(thing.id).addr
            if key in seen:
                raise RefusedError(f"'{here}' stands in two places, which Keras does not write.")
            seen.add(key)
            if isinstance(thing, h5py.Group):
                walk(thing, here)
                continue
            if not isinstance(thing, h5py.Dataset) or thing.dtype.kind not in "biufS":
                raise RefusedError(f"'{here}' does not hold numbers; weights do.")
            if thing.external or thing.is_virtual:
                raise RefusedError(f"'{here}' takes its contents from another file, which Keras does not write.")
            total += thing.size * thing.dtype.itemsize
            if total > MOST_BYTES:
                raise RefusedError(
                    f"it unpacks from {len(data):,} to more than {MOST_BYTES:,} bytes, far more than a microcontroller"
                    " has."
                )

    with _opened(data) as file:
        walk(file, "")


def read_h5_config(data: bytes, *, trust: bool = False) -> dict[str, Any]:
    """The configuration of a whole model in an .h5 file; RefusedError as `check_hdf5` and `check_config`."""
    check_hdf5(data)
    with _opened(data) as file:
        text = file.attrs.get("model_config")
        if text is None:
            raise RefusedError(
                "it holds no network: it is a file of weights alone (save_weights), or of data. Save the whole model:"
                " model.save('model.keras')."
            )
    try:
        config = json.loads(text)
    except (TypeError, ValueError, RecursionError):
        config = None
    if not isinstance(config, dict):
        raise RefusedError("its model_config is not the JSON that Keras writes. Save or copy the model again.")
    check_config(config, trust=trust)
    return config


def with_config(data: bytes, config: dict[str, Any]) -> bytes:
    """The same file with another configuration of the network, and without how it was trained."""
    import h5py

    buffer = io.BytesIO(data)
    with h5py.File(buffer, "r+") as file:
        file.attrs["model_config"] = json.dumps(config)
        for name in {"training_config"} & set(file.attrs):
            del file.attrs[name]
    return buffer.getvalue()


def _opened(data: bytes) -> Any:
    import h5py

    try:
        return h5py.File(io.BytesIO(data), "r")
    except OSError as error:
        raise RefusedError(f"it is not a readable HDF5 file ({visible(str(error))}). Save or copy it again.") from None
