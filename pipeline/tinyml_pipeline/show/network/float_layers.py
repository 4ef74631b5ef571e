"""The layers of a Keras model, as its process tells them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tinyml_pipeline.show.network.network import Layer

_BYTES = 4


def float_layers(facts: Sequence[Mapping[str, Any]]) -> tuple[Layer, ...]:
    """`facts` as in quantization/layer_facts.py."""
    return tuple(_layer(one) for one in facts)


def _layer(facts: Mapping[str, Any]) -> Layer:
    reach = facts.get("weight_range")
    return Layer(
        facts["name"],
        facts["kind"],
        tuple(facts["shape"]),
        facts["parameters"],
        facts["parameters"] * _BYTES,
        activation=facts.get("activation", ""),
        sources=tuple(facts.get("sources", ())),
        kernel=tuple(facts.get("kernel", ())),
        strides=tuple(facts.get("strides", ())),
        weight_range=(reach[0], reach[1]) if reach else None,
        weights=tuple(map(tuple, facts.get("weights", ()))),
        biases=tuple(facts.get("biases", ())),
    )
