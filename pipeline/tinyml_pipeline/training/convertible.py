"""Layers that no conversion to int8 carries, found in the built network: an error before training, not after it."""

from __future__ import annotations

from typing import Any

from tinyml_pipeline.convertible_layers import layers_of, why_not_convertible
from tinyml_pipeline.errors import SpecError
from tinyml_pipeline.models.spec import ModelSpec


def check_convertible(spec: ModelSpec, model: Any) -> None:
    """Raise SpecError, with the layer and the way out, for a network that `convert` would refuse or crash on.

    A network of the user's own class that names no layers passes; conversion has the last word.
    """
    for layer in layers_of(model):
        reason = why_not_convertible(layer)
        if reason:
            raise SpecError(f"model '{spec.name}': layer '{layer.name}' {reason}")
    for tensor in getattr(model, "inputs", None) or []:
        if None in tuple(tensor.shape[1:]):
            raise SpecError(
                f"model '{spec.name}': input '{tensor.name}' has the open shape {tuple(tensor.shape)}; a"
                " microcontroller needs every size but the batch fixed. Give them in keras.Input."
            )
