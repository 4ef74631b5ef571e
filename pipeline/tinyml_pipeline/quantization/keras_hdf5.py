"""HDF5 files of Keras from elsewhere: what they may hold, and the configuration of one that Keras 2 wrote made new."""

from __future__ import annotations

import io
import json
from typing import Any

from tinyml_pipeline.errors import visible
from tinyml_pipeline.quantization.keras_config import check_config
from tinyml_pipeline.quantization.keras_zip import MOST_BYTES
from tinyml_pipeline.quantization.refused import RefusedError

_GROUPS_OF_ONE = {
    *("DepthwiseConv1D", "DepthwiseConv2D", "SeparableConv1D", "SeparableConv2D"),
    *("Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose"),
}
_RECURRENT = {"LSTM", "GRU", "SimpleRNN", "RNN", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D"}
_OF_PLAIN_CONVOLUTIONS = ("kernel_initializer", "kernel_regularizer", "kernel_constraint")


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


def modernized(node: Any) -> Any:
    """A configuration of Keras 2 as Keras 3 takes it: fields that it dropped are left out where they say nothing.

    Raises RefusedError for one that says something which Keras 3 cannot do.
    """
    if isinstance(node, list):
        return [modernized(value) for value in node]
    if not isinstance(node, dict):
        return node
    new = {key: modernized(value) for key, value in node.items()}
    kind, config = new.get("class_name"), new.get("config")
    if not isinstance(kind, str) or not isinstance(config, dict):
        return new
    name = config.get("name", "?")
    if kind == "InputLayer" and "batch_input_shape" in config:
        config["batch_shape"] = config.pop("batch_input_shape")
    if kind in _RECURRENT:
        _drop(config, "time_major", False, f"layer '{name}' ({kind})")
    if kind in _GROUPS_OF_ONE:
        _drop(config, "groups", 1, f"layer '{name}' ({kind})")
    if kind.startswith("SeparableConv"):
        for field in _OF_PLAIN_CONVOLUTIONS:
            config.pop(field, None)
    axis = config.get("axis")
    if kind in ("BatchNormalization", "LayerNormalization") and isinstance(axis, list) and len(axis) == 1:
        config["axis"] = axis[0]
    return new


def unroll_layers(node: Any) -> None:
    """Set `unroll` in the configuration of every recurrent layer, in place."""
    for value in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        unroll_layers(value)
    if isinstance(node, dict) and node.get("class_name") in _RECURRENT and isinstance(node.get("config"), dict):
        node["config"]["unroll"] = True


def _drop(config: dict[str, Any], field: str, usual: Any, where: str) -> None:
    value = config.pop(field, usual)
    if value != usual:
        raise RefusedError(f"{where} has {field} = {value!r} of Keras 2, which Keras 3 does not have.")


def _opened(data: bytes) -> Any:
    import h5py

    try:
        return h5py.File(io.BytesIO(data), "r")
    except OSError as error:
        raise RefusedError(f"it is not a readable HDF5 file ({visible(str(error))}). Save or copy it again.") from None
