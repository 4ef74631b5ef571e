"""Where each activation lies in the one buffer that they share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tinyml_pipeline.compiler.memory.neighbours import busiest_bytes, neighbours


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


# How many layouts the search may try, times pairs that are live together: about a tenth of a second.
_SEARCH_BUDGET = 100_000


def plan_memory(lives: Sequence[LiveRange], *, alignment: int = 1) -> MemoryPlan:
    """The smallest of many plans; values whose lives overlap never share a byte, offsets are multiples of
    `alignment`. The same lives, in any order, give the same plan.

    Some order always leads first-fit to the best plan. The search starts from the best of several greedy orders and
    moves one value at a time to the front, until a plan is as small as the busiest step, or the budget is spent.
    """
    others = neighbours(lives)
    least = busiest_bytes(lives)
    order: list[LiveRange] = []
    plan: MemoryPlan | None = None
    for key in _ORDERS:
        candidate = sorted(lives, key=key)
        found = _first_fit(candidate, others, alignment)
        if plan is None or found.size_bytes < plan.size_bytes:
            order, plan = candidate, found
        if plan.size_bytes <= least:
            return plan
    assert plan is not None, "there are several orders"
    tries = _SEARCH_BUDGET // max(sum(map(len, others.values())), len(lives), 1)
    position = 0
    while plan.size_bytes > least and tries > 0 and position < len(order):
        candidate = [order[position], *order[:position], *order[position + 1 :]]
        found = _first_fit(candidate, others, alignment)
        position, tries = position + 1, tries - 1
        if found.size_bytes < plan.size_bytes:
            order, plan, position = candidate, found, 0
    return plan


def _first_fit(lives: Sequence[LiveRange], others: Mapping[int, list[int]], alignment: int) -> MemoryPlan:
    """Each range at the lowest offset that its neighbours in time, `others`, leave free; in the order given."""
    ends: dict[int, tuple[int, int]] = {}
    for life in lives:
        offset = 0
        for start, end in sorted(ends[key] for key in others[life.key] if key in ends):
            if start < offset + life.size_bytes and offset < end:
                offset = -(-end // alignment) * alignment
        ends[life.key] = (offset, offset + life.size_bytes)
    size_bytes = max((end for _, end in ends.values()), default=0)
    return MemoryPlan({key: ends[key][0] for key in sorted(ends)}, size_bytes)
