"""A Keras model's layers as plain data, for drawing."""

from __future__ import annotations

from typing import Any

import numpy as np

MOST_WEIGHTS = 256


def layer_facts(model: Any) -> list[dict[str, Any]]:
    """Of a keras.Model the inputs, then the layers in order; `sources` are places in this list.

    Each has name, kind, shape (of one sample) and parameters; but for inputs also activation, sources, kernel and
    strides (of convolutions and pooling), weight_range (of the kernel). Dense layers of up to 256 weights have weights
    (inputs x outputs) and biases.
    """
    facts = []
    made_by: dict[int, int] = {}
    for place, tensor in enumerate(model.inputs):
        name = "input" if len(model.inputs) == 1 else tensor.name
        facts.append({"name": name, "kind": "Input", "shape": _shape(tensor), "parameters": 0})
        made_by[id(tensor)] = place
    for layer in model.layers:
        if type(layer).__name__ == "InputLayer":
            continue
        outputs = _listed(layer.output)
        sources = [made_by[id(tensor)] for tensor in _listed(layer.input) if id(tensor) in made_by]
        made_by |= {id(tensor): len(facts) for tensor in outputs}
        facts.append(
            {
                "name": layer.name,
                "kind": type(layer).__name__,
                "activation": getattr(getattr(layer, "activation", None), "__name__", "").replace("linear", ""),
                "shape": _shape(outputs[0]),
                "parameters": int(layer.count_params()),
                "sources": list(dict.fromkeys(sources)) or [len(facts) - 1],
                "kernel": list(getattr(layer, "kernel_size", getattr(layer, "pool_size", ()))),
                "strides": list(getattr(layer, "strides", ())),
                **_weights(layer),
            }
        )
    return facts


def _weights(layer: Any) -> dict[str, Any]:
    arrays = [np.asarray(array, np.float64) for array in layer.get_weights()]
    found: dict[str, Any] = {}
    if arrays and arrays[0].size and hasattr(layer, "kernel"):
        found["weight_range"] = [float(arrays[0].min()), float(arrays[0].max())]
    if type(layer).__name__ == "Dense" and arrays[0].size <= MOST_WEIGHTS:
        found["weights"] = arrays[0].tolist()
        found["biases"] = arrays[1].tolist() if len(arrays) > 1 else []
    return found


def _shape(tensor: Any) -> list[int]:
    """Without the batch; 0 for a length that is not fixed."""
    return [length or 0 for length in tensor.shape[1:]]


def _listed(tensors: Any) -> list[Any]:
    return list(tensors) if isinstance(tensors, list | tuple) else [tensors]
