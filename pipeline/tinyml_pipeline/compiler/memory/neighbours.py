"""Which live ranges share a step, in time that follows their number and the pairs found, not its square."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol


class Range(Protocol):
    """Live from step `first` to step `last`, both included."""

    @property
    def key(self) -> int: ...
    @property
    def size_bytes(self) -> int: ...
    @property
    def first(self) -> int: ...
    @property
    def last(self) -> int: ...


def neighbours(ranges: Sequence[Range]) -> Mapping[int, list[int]]:
    """For each key, the keys of the others that are live at one of its steps."""
    found: dict[int, list[int]] = {one.key: [] for one in ranges}
    live: list[Range] = []
    for one in sorted(ranges, key=lambda each: (each.first, each.key)):
        live = [other for other in live if other.last >= one.first]
        for other in live:
            found[one.key].append(other.key)
            found[other.key].append(one.key)
        live.append(one)
    return found


def busiest_bytes(ranges: Sequence[Range]) -> int:
    """The most bytes that are live at one step: no plan without overlaps is smaller."""
    changes = sorted(
        [(one.first, one.size_bytes) for one in ranges] + [(one.last + 1, -one.size_bytes) for one in ranges]
    )
    most = now = 0
    for _, change in changes:  # at one step, what ends (negative) comes before what begins
        now += change
        most = max(most, now)
    return most
