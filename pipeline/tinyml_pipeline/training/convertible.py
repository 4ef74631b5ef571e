"""Layers that no conversion to int8 carries, found in the built network: an error before training, not after it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tinyml_pipeline.errors import SpecError
from tinyml_pipeline.models.spec import ModelSpec

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


def check_convertible(spec: ModelSpec, model: Any) -> None:
    """Raise SpecError, with the layer and the way out, for a network that `convert` would refuse or crash on.

    A network of the user's own class that names no layers passes; conversion has the last word.
    """
    for layer in _layers(model):
        reason = _why_not(layer)
        if reason:
            raise SpecError(f"model '{spec.name}': layer '{layer.name}' {reason}")
    for tensor in getattr(model, "inputs", None) or []:
        if None in tuple(tensor.shape[1:]):
            raise SpecError(
                f"model '{spec.name}': input '{tensor.name}' has the open shape {tuple(tensor.shape)}; a"
                " microcontroller needs every size but the batch fixed. Give them in keras.Input."
            )


def _layers(model: Any) -> Iterator[Any]:
    """Layers and Keras operations at any depth: of nested models, of wrappers such as Bidirectional."""
    yield from model._flatten_layers(include_self=False)
    yield from (one for one in getattr(model, "operations", ()) if not hasattr(one, "_flatten_layers"))


def _why_not(layer: Any) -> str:
    """What is wrong with a layer, as the end of a sentence that begins with its name; '' if nothing is."""
    import keras

    kind = type(layer).__name__
    if kind == "Lambda":
        return f"is a Lambda layer, {_NOT_LOADED}"
    is_of_keras = type(layer).__module__.partition(".")[0] == "keras"
    if not is_of_keras and not isinstance(layer, keras.Model):
        return f"is of your own class {kind}, {_NOT_LOADED}"
    if kind in _RECURRENT and not getattr(layer, "unroll", False):
        return f"({kind}) must be unrolled for int8. Build it with unroll=True and a fixed number of time steps."
    if kind in _NO_FORM:
        return f"({kind}) has no form in TensorFlow Lite. Replace it by a supported one."
    return ""
