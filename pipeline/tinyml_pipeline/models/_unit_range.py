"""Layers that bring values from their own ranges to -1 .. 1, in which networks learn best, and back.

Conversion takes them out of the int8 model again: they become part of its first and last layer, and of the rule by
which the device stores real numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tinyml_pipeline.errors import SpecError
from tinyml_pipeline.models.spec import Domain

if TYPE_CHECKING:
    import keras


def to_unit_range(domains: Sequence[Domain]) -> keras.layers.Rescaling:
    """The first layer of a network: (x - middle) / (half of the range), for each value, channel, or all of them."""
    middles, halves = _middles(domains), _halves(domains)
    offsets = [-middle / half for middle, half in zip(middles, halves, strict=True)]
    return _rescaling([1 / half for half in halves], offsets)


def from_unit_range(domains: Sequence[Domain]) -> keras.layers.Rescaling:
    """The last layer of a network: from -1 .. 1 to the range of each output."""
    return _rescaling(_halves(domains), _middles(domains))


def _rescaling(scales: list[float], offsets: list[float]) -> keras.layers.Rescaling:
    import keras

    if len(scales) == 1:
        return keras.layers.Rescaling(scales[0], offsets[0])
    return keras.layers.Rescaling(scales, offsets)


def _middles(domains: Sequence[Domain]) -> list[float]:
    if not domains:
        raise SpecError("name at least one Domain to scale.")
    return [(domain.low + domain.high) / 2 for domain in domains]


def _halves(domains: Sequence[Domain]) -> list[float]:
    return [(domain.high - domain.low) / 2 for domain in domains]
