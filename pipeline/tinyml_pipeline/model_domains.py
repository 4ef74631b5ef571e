"""Which of a spec's input ranges belongs to which value of a network with one or more inputs."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from tinyml_pipeline.errors import SpecError
from tinyml_pipeline.wording import counted

T = TypeVar("T")
Floats = npt.NDArray[np.float32]


def domains_by_port(domains: Sequence[T], shapes: Sequence[tuple[int, ...]]) -> list[tuple[T, ...]]:
    """The domains of each input tensor: one for all of its values, one for each channel (its last axis), or one for
    each value, in order.

    `shapes` are those of one sample. Raises SpecError if their number fits no such division, or more than one.
    """
    sizes = [math.prod(shape) for shape in shapes]
    found = _only_division(
        [{1, size, *shape[-1:]} - {0} for size, shape in zip(sizes, shapes, strict=True)], len(domains)
    )
    if found is None:
        takes = " and ".join(f"{size:,} (shape {shape})" for size, shape in zip(sizes, shapes, strict=True))
        named = f"{counted(len(domains), 'input domain')} {'is' if len(domains) == 1 else 'are'} named"
        if len(shapes) == 1:
            raise SpecError(
                f"the network takes {counted(sizes[0], 'value')} (shape {shapes[0]}), but {named}. Name one for each"
                " value, or a single one for all."
            )
        raise SpecError(
            f"the network's {len(shapes)} inputs take {takes} values, but {named}. Name one for each input, or one for"
            " each value."
        )
    ends = list(itertools.accumulate(found))
    return [tuple(domains[end - count : end]) for end, count in zip(ends, found, strict=True)]


def _only_division(possible: Sequence[set[int]], total: int) -> tuple[int, ...] | None:
    """One number of each set, which sum up to `total`; None if there is no such choice, or more than one.

    Sum by sum, because a model of twenty inputs has billions of choices.
    """
    choices: dict[int, tuple[int, ...] | None] = {0: ()}
    for numbers in possible:
        longer: dict[int, tuple[int, ...] | None] = {}
        for before, choice in choices.items():
            for number in numbers:
                after = before + number
                if after <= total:
                    longer[after] = None if choice is None or after in longer else (*choice, number)
        choices = longer
    return choices.get(total)


def domain_of_each_value(domains: Sequence[T], shapes: Sequence[tuple[int, ...]]) -> list[T]:
    """One for every value of all inputs, behind one another. Raises SpecError as `domains_by_port`."""
    each: list[T] = []
    for group, shape in zip(domains_by_port(domains, shapes), shapes, strict=True):
        each += group * (math.prod(shape) // len(group))  # the last axis, of channels, is the fastest
    return each


def into_network(domains: Sequence[T], arrays: Sequence[Floats]) -> list[Floats]:
    """What a network is given for real values (n, *shape), one array a tensor: (x - offset) * factor in float32.

    `domains` are a spec's inputs, or its outputs, of which those without a Domain are real values. Raises SpecError as
    `domains_by_port`.
    """
    return _changed(domains, arrays, lambda values, offset, factor: (values - offset) * factor)


def out_of_network(domains: Sequence[T], arrays: Sequence[Floats]) -> list[Floats]:
    """The real values of what a network gives, in float32: the other way round."""
    return _changed(domains, arrays, lambda values, offset, factor: values / factor + offset)


def network_scale(domain: object) -> tuple[float, float]:
    """(offset, factor) of a Domain; of a name alone, those that change nothing."""
    return getattr(domain, "offset", 0.0), getattr(domain, "factor", 1.0)


def _changed(
    domains: Sequence[T], arrays: Sequence[Floats], change: Callable[[Floats, Floats, Floats], Floats]
) -> list[Floats]:
    if all(network_scale(domain) == (0, 1) for domain in domains):
        return list(arrays)
    groups = domains_by_port(domains, [array.shape[1:] for array in arrays])
    found = []
    for group, array in zip(groups, arrays, strict=True):
        pairs = np.array([network_scale(domain) for domain in group], np.float32).T
        shape = array.shape[1:]
        offset, factor = (np.resize(part, math.prod(shape)).reshape(shape) for part in pairs)
        found.append(change(np.asarray(array, np.float32), offset, factor))
    return found
