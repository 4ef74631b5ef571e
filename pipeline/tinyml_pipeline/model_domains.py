"""Which of a spec's input ranges belongs to which value of a network with one or more inputs."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import TypeVar

from tinyml_pipeline.errors import SpecError

T = TypeVar("T")


def domains_by_port(domains: Sequence[T], shapes: Sequence[tuple[int, ...]]) -> list[tuple[T, ...]]:
    """The domains of each input tensor: one for all of its values, one for each channel (its last axis), or one for
    each value, in order.

    `shapes` are those of one sample. Raises SpecError if their number fits no such division, or more than one.
    """
    sizes = [math.prod(shape) for shape in shapes]
    possible = ({1, size, *shape[-1:]} - {0} for size, shape in zip(sizes, shapes, strict=True))
    found = [counts for counts in itertools.product(*possible) if sum(counts) == len(domains)]
    if len(found) != 1:
        takes = " and ".join(f"{size:,} (shape {shape})" for size, shape in zip(sizes, shapes, strict=True))
        if len(shapes) == 1:
            plural = "" if sizes[0] == 1 else "s"
            raise SpecError(
                f"the network takes {sizes[0]} value{plural} (shape {shapes[0]}), but {len(domains)} input domains"
                " are named. Name one for each value, or a single one for all."
            )
        raise SpecError(
            f"the network's {len(shapes)} inputs take {takes} values, but {len(domains)} input domains are named. Name"
            " one for each input, or one for each value."
        )
    ends = list(itertools.accumulate(found[0]))
    return [tuple(domains[end - count : end]) for end, count in zip(ends, found[0], strict=True)]


def domain_of_each_value(domains: Sequence[T], shapes: Sequence[tuple[int, ...]]) -> list[T]:
    """One for every value of all inputs, behind one another. Raises SpecError as `domains_by_port`."""
    each: list[T] = []
    for group, shape in zip(domains_by_port(domains, shapes), shapes, strict=True):
        each += group * (math.prod(shape) // len(group))  # the last axis, of channels, is the fastest
    return each
