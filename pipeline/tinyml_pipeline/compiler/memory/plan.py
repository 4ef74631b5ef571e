"""Where each activation lies in the one buffer that they share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class LiveRange:
    """Bytes that must be kept from step `first` to step `last`, both included: a tensor, scratch memory or state.

    `persistent` memory keeps its contents between inferences, and so lives through every step.
    """

    key: int
    size_bytes: int
    first: int
    last: int
    alignment: int = 1
    persistent: bool = False

    def overlaps(self, other: LiveRange) -> bool:
        return self.first <= other.last and other.first <= self.last

    def overlaps_step(self, step: int) -> bool:
        return self.first <= step <= self.last


@dataclass(frozen=True)
class Overlap:
    """Range `output` may share memory with range `input`, live at the same step, if it starts `lead_bytes` before it
    or earlier."""

    output: int
    input: int
    lead_bytes: int = 0


@dataclass(frozen=True)
class MemoryPlan:
    """`offsets` maps each range's key to its place in a buffer of `size_bytes`."""

    offsets: Mapping[int, int]
    size_bytes: int


# Several orders, each laid out first-fit; no single one is best for every network. The last key makes ties definite.
_ORDERS: tuple[Callable[[LiveRange], tuple[int, ...]], ...] = (
    lambda life: (-life.size_bytes, life.first, life.key),
    lambda life: (-(life.last - life.first), -life.size_bytes, life.key),
    lambda life: (-(life.last - life.first + 1) * life.size_bytes, life.first, life.key),
    lambda life: (life.first, -life.size_bytes, life.key),
    lambda life: (-life.last, -life.size_bytes, life.key),
    lambda life: (life.first, -life.last, life.key),
)


# How many layouts the search may try, times lives squared: about a tenth of a second.
_SEARCH_BUDGET = 100_000


def plan_memory(lives: Sequence[LiveRange], *, alignment: int = 1) -> MemoryPlan:
    """The smallest of many plans; values whose lives overlap never share a byte, offsets are multiples of
    `alignment`. The same lives, in any order, give the same plan.

    Some order always leads first-fit to the best plan. The search starts from the best of several greedy orders and
    moves one value at a time to the front, until a plan is as small as the busiest step, or the budget is spent.
    """
    orders = [sorted(lives, key=order) for order in _ORDERS]
    plans = [_first_fit(order, alignment) for order in orders]
    best = min(range(len(plans)), key=lambda number: plans[number].size_bytes)
    order, plan = orders[best], plans[best]
    least = max(
        (sum(other.size_bytes for other in lives if other.overlaps_step(life.first)) for life in lives), default=0
    )
    tries = _SEARCH_BUDGET // max(len(lives) ** 2, 1)
    position = 0
    while plan.size_bytes > least and tries > 0 and position < len(order):
        candidate = [order[position], *order[:position], *order[position + 1 :]]
        found = _first_fit(candidate, alignment)
        position, tries = position + 1, tries - 1
        if found.size_bytes < plan.size_bytes:
            order, plan, position = candidate, found, 0
    return plan


def _first_fit(lives: Sequence[LiveRange], alignment: int) -> MemoryPlan:
    placed: list[tuple[int, LiveRange]] = []
    for life in lives:
        offset = 0
        for start, other in sorted(placed, key=lambda place: (place[0], place[1].key)):
            if life.overlaps(other) and start < offset + life.size_bytes and offset < start + other.size_bytes:
                offset = -(-(start + other.size_bytes) // alignment) * alignment
        placed.append((offset, life))
    end = max((offset + life.size_bytes for offset, life in placed), default=0)
    return MemoryPlan({life.key: offset for offset, life in sorted(placed, key=lambda place: place[1].key)}, end)
