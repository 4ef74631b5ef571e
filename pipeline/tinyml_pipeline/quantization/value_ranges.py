"""The range of every input or output value, and how many of int8's steps it gets where values share a scale."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tinyml_pipeline.model_domains import domain_of_each_value, network_scale
from tinyml_pipeline.models.spec import Domain

Floats = npt.NDArray[np.float64]
ENOUGH_STEPS = 200
"""Of 256. A value that gets fewer from a shared scale is given a scale of its own."""


@dataclass(frozen=True)
class ValueRanges:
    """Of all values behind one another: low and high in real units, and the (x - offset) * factor that the network
    was trained on."""

    low: Floats
    high: Floats
    offset: Floats
    factor: Floats

    @classmethod
    def of(cls, domains: Sequence[Domain], shapes: Sequence[tuple[int, ...]]) -> ValueRanges:
        """Raises SpecError if their number does not fit."""
        each = domain_of_each_value(domains, shapes)
        fields = ("low", "high", "offset", "factor")
        return cls(*(np.array([getattr(domain, field) for domain in each], np.float64) for field in fields))

    @classmethod
    def of_names(cls, outputs: Sequence[Domain | str]) -> ValueRanges:
        """One for each output that a spec names; the ranges of names alone are 0."""
        scales = np.array([network_scale(one) for one in outputs], np.float64).reshape(-1, 2)
        ends = np.array([(one.low, one.high) if isinstance(one, Domain) else (0, 0) for one in outputs], np.float64)
        return cls(ends[:, 0], ends[:, 1], scales[:, 0], scales[:, 1])

    @property
    def is_plain(self) -> bool:
        """Whether the network takes, or gives, real values."""
        return not self.offset.any() and bool((self.factor == 1).all())


def steps_of(low: Floats, high: Floats) -> Floats:
    """How many of 256 steps each value spans, if all share one scale, which 0 belongs to."""
    least, most = min(float(low.min()), 0.0), max(float(high.max()), 0.0)
    return 256 * (high - low) / ((most - least) or 1.0)


def starved(
    low: Floats, high: Floats, shapes: Sequence[tuple[int, ...]], *, jointly: bool = False
) -> npt.NDArray[np.bool_]:
    """Which values get too few steps of their tensor's scale; with `jointly`, as if several tensors had one scale.

    Tensors that an operator joins share one scale there. What never changes needs none.
    """
    if jointly:
        found = steps_of(low, high)
    else:
        ends = np.cumsum([math.prod(shape) for shape in shapes])[:-1]
        found = np.concatenate(
            [steps_of(*part) for part in zip(np.split(low, ends), np.split(high, ends), strict=True)]
        )
    return (found < ENOUGH_STEPS) & (high > low)
