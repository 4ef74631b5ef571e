"""Where each activation lies in the one buffer that they share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

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
    """`offsets` maps each range's key to its place in a buffer of `size_bytes`.

    `live_bytes` are those of the largest set of ranges that are live at one step, each in whole multiples of its
    alignment but for the last in the buffer. A plan with overlaps may be smaller.
    """

    offsets: Mapping[int, int]
    size_bytes: int
    alignment: int = 1
    """Of the buffer: the widest of any range."""
    live_bytes: int = 0
    ranges: tuple[LiveRange, ...] = field(default=(), compare=False)
    """What was placed, by key."""

    def used_bytes(self, step: int) -> int:
        """How many bytes of the buffer hold something at a step; shared ones count once."""
        live = [one for one in self.ranges if one.overlaps_step(step)]
        used, end = 0, 0
        for start, stop in sorted((self.offsets[one.key], self.offsets[one.key] + one.size_bytes) for one in live):
            used += max(0, stop - max(start, end))
            end = max(end, stop)
        return used


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


def plan_memory(ranges: Sequence[LiveRange], overlaps: Sequence[Overlap] = ()) -> MemoryPlan:
    """The smallest of many plans; ranges that are live at the same step never share a byte unless an overlap allows it,
    and each offset is a multiple of the range's alignment. The same ranges, in any order, give the same plan.

    Some order always leads first-fit to the best plan. The search starts from the best of several greedy orders and
    moves one range at a time to the front, until a plan is as small as the busiest step, or the budget is spent.
    """
    padded = [replace(one, size_bytes=_rounded_up(one.size_bytes, one.alignment)) for one in ranges]
    plan, live_bytes = _smallest(ranges, overlaps), busiest_bytes(padded)
    # The buffer ends where its last range does, which needs no padding.
    live_bytes = live_bytes if overlaps else min(live_bytes, plan.size_bytes)
    return replace(plan, live_bytes=live_bytes, ranges=tuple(sorted(ranges, key=lambda one: one.key)))


def _smallest(ranges: Sequence[LiveRange], overlaps: Sequence[Overlap]) -> MemoryPlan:
    leads = {(overlap.output, overlap.input): overlap.lead_bytes for overlap in overlaps}
    others = neighbours(ranges)
    least = 0 if overlaps else busiest_bytes(ranges)
    order: list[LiveRange] = []
    plan: MemoryPlan | None = None
    for key in _ORDERS:
        candidate = sorted(ranges, key=key)
        found = _first_fit(candidate, others, leads)
        if plan is None or found.size_bytes < plan.size_bytes:
            order, plan = candidate, found
        if plan.size_bytes <= least:
            return plan
    assert plan is not None, "there are several orders"
    tries = _SEARCH_BUDGET // max(sum(map(len, others.values())), len(ranges), 1)
    position = 0
    while plan.size_bytes > least and tries > 0 and position < len(order):
        candidate = [order[position], *order[:position], *order[position + 1 :]]
        found = _first_fit(candidate, others, leads)
        position, tries = position + 1, tries - 1
        if found.size_bytes < plan.size_bytes:
            order, plan, position = candidate, found, 0
    return plan


def _first_fit(
    ranges: Sequence[LiveRange], others: Mapping[int, list[int]], leads: Mapping[tuple[int, int], int]
) -> MemoryPlan:
    """Each range at the lowest offset that its neighbours in time, `others`, leave free; in the order given."""
    ends: dict[int, tuple[int, int]] = {}
    for one in ranges:
        placed = sorted((*ends[key], key) for key in others[one.key] if key in ends)
        offset = _lowest_free(one, placed, leads)
        ends[one.key] = (offset, offset + one.size_bytes)
    size_bytes = max((end for _, end in ends.values()), default=0)
    alignment = max((one.alignment for one in ranges), default=1)
    return MemoryPlan({key: ends[key][0] for key in sorted(ends)}, size_bytes, alignment)


def _rounded_up(offset: int, alignment: int) -> int:
    return -(-offset // alignment) * alignment


def _lowest_free(one: LiveRange, placed: Sequence[tuple[int, int, int]], leads: Mapping[tuple[int, int], int]) -> int:
    """The lowest offset that conflicts with none of `placed`: start, end and key of what is live with `one`, sorted."""
    offset, moved = 0, True
    while moved:
        moved = False
        for start, end, key in placed:
            if start >= offset + one.size_bytes or offset >= end:
                continue
            if (one.key, key) in leads and offset + leads[one.key, key] <= start:
                continue
            if (key, one.key) in leads:
                end = min(end, start + leads[key, one.key])
                if offset >= end:
                    continue
            offset = _rounded_up(end, one.alignment)
            moved = bool(leads)  # without overlaps, nothing below the new offset can be in the way
    return offset
