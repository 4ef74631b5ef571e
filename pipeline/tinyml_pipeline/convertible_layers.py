"""Layers that no conversion to int8 carries, each with its reason and the way out; imports nothing of Keras."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

_RECURRENT = {"LSTM", "GRU", "SimpleRNN", "RNN", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D"}
"""They crash the converter unless they are unrolled."""

_NO_FORM = {
    *(
        "Arccos",
        "Arccosh",
        "Arcsin",
        "Arcsinh",
        "Arctan",
        "Arctanh",
        "Argmax",
        "Cosh",
        "Cumprod",
        "Erf",
        "Erfinv",
        "Sinh",
        "Tan",
    ),
    *("AveragePooling3D", "CategoryEncoding", "MaxPooling3D"),
}
"""Layers and operations of Keras that TensorFlow 2.21's converter refused when each was tried by itself."""

_NOT_LOADED = "whose Python code conversion does not load. Use Keras' own layers and keras.ops instead."


def layers_of(model: Any) -> Iterator[Any]:
    """Layers and Keras operations at any depth: of nested models, of wrappers such as Bidirectional."""
    yield from model._flatten_layers(include_self=False)
    yield from (one for one in getattr(model, "operations", ()) if not hasattr(one, "_flatten_layers"))


def is_rolled(layer: Any) -> bool:
    """Whether it is a recurrent layer that loops over its steps."""
    return type(layer).__name__ in _RECURRENT and not getattr(layer, "unroll", False)


def why_not_convertible(layer: Any, *, is_code_allowed: bool = False) -> str:
    """What is wrong with a layer, as the end of a sentence that begins with its name; '' if nothing is.

    `is_code_allowed` where the layer's own Python code has been loaded.
    """
    kind = type(layer).__name__
    if kind == "Lambda" and not is_code_allowed:
        return f"is a Lambda layer, {_NOT_LOADED}"
    ancestors = type(layer).__mro__
    is_of_keras = type(layer).__module__.partition(".")[0] == "keras"
    is_model = any(one.__name__ == "Model" and one.__module__.startswith("keras.") for one in ancestors)
    if not is_of_keras and not is_model and not is_code_allowed:
        return f"is of your own class {kind}, {_NOT_LOADED}"
    if is_rolled(layer):
        return f"({kind}) must be unrolled for int8. Build it with unroll=True and a fixed number of time steps."
    if kind in _NO_FORM:
        return f"({kind}) has no form in TensorFlow Lite. Replace it by a supported one."
    return ""
