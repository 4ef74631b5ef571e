"""The configuration of a network that Keras 2 wrote, as Keras 3 takes it; and recurrent layers unrolled."""

from __future__ import annotations

import re
from typing import Any

from tinyml_pipeline.quantization.refused import RefusedError

_GROUPS_OF_ONE = {
    *("DepthwiseConv1D", "DepthwiseConv2D", "SeparableConv1D", "SeparableConv2D"),
    *("Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose"),
}
_RECURRENT = {"LSTM", "GRU", "SimpleRNN", "RNN", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D"}
_OF_PLAIN_CONVOLUTIONS = ("kernel_initializer", "kernel_regularizer", "kernel_constraint")
_ENGINE = {"functional": "functional", "sequential": "sequential", "training": "model"}


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
    if isinstance(new.get("module"), str):
        new["module"] = _module(new["module"])
    shape = config.pop("batch_input_shape", None)  # a first layer has it as well as the InputLayer before it
    if kind == "InputLayer" and shape is not None:
        config["batch_shape"] = shape
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


def _module(name: str) -> str:
    """Where Keras 3 has what Keras 2, or tf_keras, had there."""
    found = re.fullmatch(r"(?:tf_)?keras(?:\.src)?\.engine\.(\w+)", name)
    if found and found[1] in _ENGINE:
        return f"keras.src.models.{_ENGINE[found[1]]}"
    return re.sub(r"^tf_keras\b", "keras", name)


def _drop(config: dict[str, Any], field: str, usual: Any, where: str) -> None:
    value = config.pop(field, usual)
    if value != usual:
        raise RefusedError(f"{where} has {field} = {value!r} of Keras 2, which Keras 3 does not have.")
