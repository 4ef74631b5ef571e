"""The inputs that the converter calibrates on, drawn from the model's domain: they fix the scale of every tensor."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from tinyml_pipeline.model_domains import domain_of_each_value, domains_by_port
from tinyml_pipeline.models.spec import Domain

FloatArray = npt.NDArray[np.float32]

ONE_VALUE_COUNT = 256
TWO_VALUES_COUNT = 32  # along each side of the grid
MANY_VALUES_COUNT = 400
CORNERS_MAX_VALUES = 6


def representative_inputs(
    domains: Sequence[Domain], shape: tuple[int, ...], samples: FloatArray | None = None, seed: int = 0
) -> FloatArray:
    """float32 (n, *shape) that reaches both ends of every domain; the same array for the same arguments.

    One or two values are covered by a grid with all corners, more by corners, random points and the `samples`
    (the training inputs, clipped to the domain), which show the converter what real inputs look like. TFLite then
    gives an input the scale (high - low) / 255, with low and high the widest over its values and 0 among them.
    """
    low, high = domain_limits(domains, shape)
    size = low.size
    if size <= 2:
        count = ONE_VALUE_COUNT if size == 1 else TWO_VALUES_COUNT
        axes = [np.linspace(start, stop, count) for start, stop in zip(low, high, strict=True)]
        points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, size)
    else:
        random = np.random.default_rng(seed)
        points = np.concatenate(
            [
                _corners(low, high),
                random.uniform(low, high, (MANY_VALUES_COUNT // 4 if samples is not None else MANY_VALUES_COUNT, size)),
                *([_spread(samples, MANY_VALUES_COUNT).reshape(-1, size)] if samples is not None else []),
            ]
        )
    inputs: FloatArray = np.clip(points, low, high).astype(np.float32).reshape(-1, *shape)
    return inputs


def representative_of_inputs(
    domains: Sequence[Domain], shapes: Sequence[tuple[int, ...]], samples: Sequence[FloatArray] = (), seed: int = 0
) -> list[FloatArray]:
    """The same for a network of one or more inputs, one array (n, *shape) each; `samples` are as many, or none.

    Which domains are whose: see `domains_by_port`.
    """
    each = domain_of_each_value(domains, shapes)
    rows = None if not samples else np.concatenate([array.reshape(len(array), -1) for array in samples], axis=1)
    points = representative_inputs(each, (len(each),), rows, seed)
    ends = np.cumsum([math.prod(shape) for shape in shapes])[:-1]
    parts = np.split(points, ends, axis=1)
    return [part.reshape(-1, *shape) for part, shape in zip(parts, shapes, strict=True)]


def representative_of_data(
    domains: Sequence[Domain], shapes: Sequence[tuple[int, ...]], samples: Sequence[FloatArray]
) -> list[FloatArray]:
    """Real inputs, and both ends of every domain, each at one value of a real input: for networks of many values.

    All values at an end, or noise, would widen the ranges inside the network far beyond what real inputs need.
    """
    groups = domains_by_port(domains, shapes)
    rows = _spread(np.concatenate([array.reshape(len(array), -1) for array in samples], axis=1), MANY_VALUES_COUNT)
    edges: list[npt.NDArray[np.float32]] = []
    start = 0
    for group, shape in zip(groups, shapes, strict=True):
        for position, domain in enumerate(group):
            for end in (domain.low, domain.high):
                row = rows[len(edges) % len(rows)].copy()
                row[start + position] = end
                edges.append(row)
        start += math.prod(shape)
    each = domain_of_each_value(domains, shapes)
    low, high = np.array([domain.low for domain in each]), np.array([domain.high for domain in each])
    points = np.clip(np.concatenate([rows, edges]), low, high).astype(np.float32)
    parts = np.split(points, np.cumsum([math.prod(shape) for shape in shapes])[:-1], axis=1)
    return [np.ascontiguousarray(part).reshape(-1, *shape) for part, shape in zip(parts, shapes, strict=True)]


def domain_limits(
    domains: Sequence[Domain], shape: tuple[int, ...]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Lowest and highest value of each element, flattened; one domain stands for every element of a larger shape."""
    each = domain_of_each_value(domains, [shape])
    return np.array([domain.low for domain in each]), np.array([domain.high for domain in each])


def _corners(low: npt.NDArray[np.float64], high: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    size = low.size
    if size <= CORNERS_MAX_VALUES:
        choices = np.array(list(itertools.product((False, True), repeat=size)))
    else:
        alternate = np.arange(size) % 2 == 0
        choices = np.stack([np.zeros(size, bool), np.ones(size, bool), alternate, ~alternate])
    return np.where(choices, high, low)


def _spread(samples: FloatArray, count: int) -> FloatArray:
    """At most `count` of the samples, evenly over their order."""
    if len(samples) <= count:
        return samples
    chosen: FloatArray = samples[np.linspace(0, len(samples) - 1, count).astype(int)]
    return chosen
