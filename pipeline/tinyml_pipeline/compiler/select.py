"""Which kernel computes each operator: the cheapest that is exact, within the flash and RAM at hand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from heapq import heapify, heappop, heappush
from itertools import count
from typing import Any

from tinyml_pipeline.compiler.kernel import Cost, Kernel
from tinyml_pipeline.compiler.kernels import kernels_of
from tinyml_pipeline.compiler.lowering import Lowering
from tinyml_pipeline.compiler.op import Op
from tinyml_pipeline.compiler.target import CYCLES_PER_BYTE, Isa, Target
from tinyml_pipeline.errors import UnsupportedError


@dataclass(frozen=True)
class Budget:
    """What the model may take of a board; None: any amount."""

    flash_bytes: int | None = None
    ram_bytes: int | None = None

    def within(self, other: Budget) -> Budget:
        """The less of both."""
        return Budget(_less(self.flash_bytes, other.flash_bytes), _less(self.ram_bytes, other.ram_bytes))


def _less(one: int | None, other: int | None) -> int | None:
    return min((limit for limit in (one, other) if limit is not None), default=None)


UNLIMITED = Budget()


@dataclass(frozen=True)
class Candidate:
    """A kernel that is exact for an operator, with what it makes of it."""

    kernel: Kernel[Any]
    lowering: Lowering
    cost: Cost


@dataclass(frozen=True)
class Choice:
    """The kernel of one operator. `refused` pairs the others' functions with why they are not used."""

    op: Op
    chosen: Candidate
    refused: tuple[tuple[str, str], ...]


def select(ops: Sequence[Op], target: Target, budget: Budget | None = None) -> tuple[Choice, ...]:
    """One choice per operator: together the fewest cycles, with a price in cycles on each byte of flash.

    The price is what the target optimizes for. If the flash does not suffice, operators change to smaller kernels,
    those first that lose the least time per byte, and then to faster ones for which there is still room.
    A kernel whose scratch memory alone is more than the RAM is not taken. Raises UnsupportedError if no kernel takes
    an operator.
    """
    budget = budget or Budget()
    found = [_candidates(op, target, budget) for op in ops]
    every, price = [candidates for candidates, _ in found], CYCLES_PER_BYTE[target.optimize]
    chosen = _cheapest(every, price)
    if budget.flash_bytes is not None and flash_of(chosen) > budget.flash_bytes:
        _shrink(chosen, every, budget.flash_bytes)
        _grow(chosen, every, budget.flash_bytes, price)
    choices = []
    for op, taken, (candidates, refused) in zip(ops, chosen, found, strict=True):
        others = [(other.kernel.function, _dearer(other, taken)) for other in candidates if other is not taken]
        choices.append(Choice(op, taken, (*refused, *others)))
    return tuple(choices)


def _candidates(op: Op, target: Target, budget: Budget) -> tuple[list[Candidate], list[tuple[str, str]]]:
    candidates, refused = [], []
    for kernel in kernels_of(type(op)):
        reason = _why_not(kernel, op, target)
        if reason is not None:
            refused.append((kernel.function, reason))
            continue
        lowering = kernel.lower(op, target)
        cost = replace(
            kernel.cost(op, target), constant_bytes=lowering.constant_bytes, scratch_bytes=lowering.scratch_bytes
        )
        if budget.ram_bytes is not None and cost.scratch_bytes > budget.ram_bytes:
            refused.append(
                (kernel.function, f"{cost.scratch_bytes:,} bytes of scratch memory; {budget.ram_bytes:,} of RAM")
            )
        else:
            candidates.append(Candidate(kernel, lowering, cost))
    if not candidates:
        why = "; ".join(f"{function}: {reason}" for function, reason in refused) or "there is none"
        raise UnsupportedError(f"no kernel of {target.name} computes {type(op).__name__}: {why}.")
    return candidates, refused


def _why_not(kernel: Kernel[Any], op: Op, target: Target) -> str | None:
    missing = kernel.needs & ~target.isa
    if missing:
        names = ", ".join(str(flag.name) for flag in Isa if flag in missing)
        return f"needs {names}, which {target.name} does not have"
    return kernel.refuses(op, target)


def _flash(candidate: Candidate) -> int:
    return candidate.cost.code_bytes + candidate.cost.constant_bytes


def _dearer(other: Candidate, taken: Candidate) -> str:
    cycles, bytes_ = f"{other.cost.cycles:,} cycles", f"{_flash(other):,} bytes"
    return f"costs {cycles} and {bytes_} instead of {taken.cost.cycles:,} and {_flash(taken):,}"


def flash_of(chosen: Sequence[Candidate]) -> int:
    """Estimated bytes of flash: constants of all, and the code of each function once."""
    code = {candidate.kernel.function: candidate.cost.code_bytes for candidate in chosen}
    return sum(code.values()) + sum(candidate.cost.constant_bytes for candidate in chosen)


def _cheapest(found: Sequence[Sequence[Candidate]], price: int) -> list[Candidate]:
    """Of each operator the candidate with the fewest cycles, bytes of flash at their price.

    The code of a function is paid once, whatever operators use it. At first each operator pays for its own; then, as
    long as that lowers the total, one function more is there for all, one less, or one in place of another.
    """

    def choice(paid: set[str], without: str = "") -> list[Candidate] | None:
        """The best of each operator where the code of `paid` costs nothing; None if an operator needs `without`."""

        def own(candidate: Candidate) -> tuple[int, int, str]:
            cost, function = candidate.cost, candidate.kernel.function
            flash = cost.constant_bytes + (0 if function in paid else cost.code_bytes)
            return cost.cycles + price * flash, flash, function

        left = [[one for one in candidates if one.kernel.function != without] for candidates in found]
        return [min(candidates, key=own) for candidates in left] if all(left) else None

    def total(chosen: Sequence[Candidate]) -> tuple[int, int]:
        flash = flash_of(chosen)
        return sum(candidate.cost.cycles for candidate in chosen) + price * flash, flash

    every = sorted({candidate.kernel.function for candidates in found for candidate in candidates})
    chosen = choice(set())
    assert chosen is not None, "each operator has a candidate"
    while True:
        used = {candidate.kernel.function for candidate in chosen}
        others = [one for one in every if one not in used]
        changed = [choice(used | {one}) for one in others]
        for less in sorted(used):
            changed += [choice(used - {less} | more, less) for more in (set[str](), *({one} for one in others))]
        best = min((other for other in changed if other is not None), key=total, default=chosen)
        if total(best) >= total(chosen):
            return chosen
        chosen = best


def _shrink(chosen: list[Candidate], found: Sequence[Sequence[Candidate]], flash_bytes: int) -> None:
    """Replaces kernels in `chosen` by smaller ones until the estimate fits, or nothing smaller is left.

    Each time the move that loses the least time per byte; prices are asked again only where they may have changed.
    """
    flash, serial = _Flash(chosen), count()

    def moves(position: int) -> list[_Move]:
        now = chosen[position]
        return [
            ((other.cost.cycles - now.cost.cycles) / saved, position, rank, next(serial), now)
            for rank, other in enumerate(found[position])
            if (saved := flash.saved(now, other)) > 0
        ]

    while flash.bytes > flash_bytes:
        waiting = [move for position in range(len(chosen)) for move in moves(position)]
        if not waiting:
            return
        heapify(waiting)
        same_code = True
        while waiting and same_code and flash.bytes > flash_bytes:
            _, position, rank, _, before = heappop(waiting)
            if chosen[position] is not before:
                continue
            chosen[position] = found[position][rank]
            same_code = flash.exchange(before, chosen[position])
            for move in moves(position):
                heappush(waiting, move)


def _grow(chosen: list[Candidate], found: Sequence[Sequence[Candidate]], flash_bytes: int, price: int) -> None:
    """Replaces kernels by faster ones while the estimate fits, each time that which gains the most."""
    flash = _Flash(chosen)

    def gains() -> Iterator[tuple[int, int, int]]:
        for position, now in enumerate(chosen):
            for rank, other in enumerate(found[position]):
                saved = flash.saved(now, other)
                gain = now.cost.cycles - other.cost.cycles + price * saved
                if gain > 0 and flash.bytes - saved <= flash_bytes:
                    yield gain, -position, -rank

    while (best := max(gains(), default=None)) is not None:
        _, position, rank = best
        before, chosen[-position] = chosen[-position], found[-position][-rank]
        flash.exchange(before, chosen[-position])


# Cycles lost per byte saved, the operator's position, the number of the other candidate, a number of its own (because
# candidates have no order), and the candidate that is replaced.
_Move = tuple[float, int, int, int, Candidate]


class _Flash:
    """flash_of, kept up to date while candidates are exchanged."""

    def __init__(self, chosen: Sequence[Candidate]) -> None:
        self.bytes = flash_of(chosen)
        self._users = Counter(candidate.kernel.function for candidate in chosen)

    def saved(self, now: Candidate, other: Candidate) -> int:
        """Bytes that one exchange saves: of constants, and of code that nobody else uses."""
        saved = now.cost.constant_bytes - other.cost.constant_bytes
        if now.kernel.function != other.kernel.function:
            saved += now.cost.code_bytes if self._users[now.kernel.function] == 1 else 0
            saved -= 0 if self._users[other.kernel.function] else other.cost.code_bytes
        return saved

    def exchange(self, now: Candidate, other: Candidate) -> bool:
        """False if the code of a function came, went, or has one user left: what others save has changed then."""
        self.bytes -= self.saved(now, other)
        self._users[now.kernel.function] -= 1
        self._users[other.kernel.function] += 1
        return self._users[now.kernel.function] > 1 and self._users[other.kernel.function] > 2
