"""What instructions cost, by the manual of their core at zero wait states: an estimate of cycles, not a measurement.

Sources: Cortex-M4 Technical Reference Manual (Arm 100166, revision r0p1), tables 3-1 and 3-2 and section 3.3.2;
Cortex-M3 (Arm 100165), Cortex-M0 (DDI 0432C) and Cortex-M0+ (DDI 0484C), table 3-1 each. Where a manual gives a range,
the middle is taken: a taken branch costs 1 + P, P from 1 to 3; a division 2 to 12. Not counted are unaligned accesses,
a full write buffer, contention of literals with the fetch, folded IT; and the wait states of a chip's flash.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

_REGISTER = re.compile(r"\b(?:r\d+|sl|fp|ip|sp|lr|pc|sb)\b")
_LONG = ("smull", "umull", "smlal", "umlal")
_WRITES_NO_REGISTER = re.compile(
    r"(b|bl|bx|blx)(eq|ne|cs|cc|mi|pl|vs|vc|hi|ls|ge|lt|gt|le)?|cbn?z|tb[bh]|cmp|cmn|tst|teq|it[te]*|nop"
)
_ZERO_WAIT_STATES = "at zero wait states"


@dataclass(frozen=True)
class Instruction:
    """One line of a disassembly; `mnemonic` without '.n' and '.w'."""

    mnemonic: str
    operands: str

    @property
    def is_load(self) -> bool:
        """Of one register."""
        return self.mnemonic.startswith("ldr") and not self.mnemonic.startswith("ldrd")

    @property
    def is_memory(self) -> bool:
        return self.mnemonic.startswith(("ldr", "str", "ldm", "stm", "push", "pop"))

    @property
    def listed_registers(self) -> int:
        """How many LDM, STM, PUSH and POP move."""
        return len(_REGISTER.findall(self.operands[self.operands.find("{") :]))

    @property
    def written(self) -> set[str]:
        """What an operation on registers, or a single load, writes."""
        if _WRITES_NO_REGISTER.fullmatch(self.mnemonic):
            return set()
        parts = self.operands.split(",")
        return {part.strip() for part in parts[: 2 if self.mnemonic.startswith(_LONG) else 1]}

    @property
    def address_registers(self) -> set[str]:
        """What a load or store computes its address from."""
        at = self.operands.find("[")
        return set(_REGISTER.findall(self.operands[at:] if at >= 0 else self.operands.split(",")[0]))


@dataclass(frozen=True)
class CycleTable:
    """How the cycles of a core are estimated; `source` says whose figures these are.

    `straight` is what instructions in a row take if their last is not a taken branch, `refill` what one adds to that.
    """

    source: str
    straight: Callable[[Sequence[Instruction]], int]
    refill: int

    def cycles(self, row: Sequence[Instruction], executions: int, taken: int) -> int:
        """Of a row that ran `executions` times, and went elsewhere after `taken` of these."""
        loops = row[-1].mnemonic in ("le", "letp")  # Helium's loop end, which jumps for nothing
        return executions * self.straight(row) + (0 if loops else taken * self.refill)


@dataclass(frozen=True)
class _ArmCosts:
    load: int = 2
    store: int = 1
    has_pipeline: bool = True
    """Whether a load hides a cycle behind the one before it, and waits for an address that was only just computed."""
    multiply_accumulate: int = 1
    long_multiply: int = 1
    long_accumulate: int = 1
    divide: int = 7
    table_branch: int = 4
    call: int = 1
    return_by_pop: int = 0

    def straight(self, row: Sequence[Instruction]) -> int:
        total = 0
        before: Instruction | None = None
        for one in row:
            total += self._alone(one)
            if self.has_pipeline and before is not None and one.is_memory:
                needs = bool(before.written & one.address_registers)
                if before.is_load:
                    total -= one.is_load and not needs
                elif not before.is_memory:
                    total += needs
            before = one
        return total

    def _alone(self, one: Instruction) -> int:
        name = one.mnemonic
        if one.is_load:
            return self.load
        if name.startswith(("ldm", "stm", "push", "pop")):
            is_return = name.startswith(("ldm", "pop")) and "pc" in one.operands
            return 1 + one.listed_registers + (self.return_by_pop if is_return else 0)
        for start, cost in (
            (("ldrd", "strd"), 3),
            (("str",), self.store),
            (("tbb", "tbh"), self.table_branch),
            (("sdiv", "udiv"), self.divide),
            (("smlal", "umlal"), self.long_accumulate),
            (("smull", "umull"), self.long_multiply),
            (("mla", "mls"), self.multiply_accumulate),
            (("v",), 2),  # Helium: two of four beats a cycle
        ):
            if name.startswith(start):
                return cost
        return self.call if name in ("bl", "blx") else 1


def _riscv(row: Sequence[Instruction]) -> int:
    return sum(_riscv_one(one.mnemonic) for one in row)


def _riscv_one(name: str) -> int:
    if name.startswith(("div", "rem")):
        return 34
    return 2 if name in ("lb", "lbu", "lh", "lhu", "lw") else 1


_M0 = _ArmCosts(store=2, has_pipeline=False, call=2, return_by_pop=1)
_M3 = _ArmCosts(multiply_accumulate=2, long_multiply=4, long_accumulate=6)
_M4 = _ArmCosts()
_LIKE_M4 = "the costs of the Cortex-M4"
_TABLES = {
    "Cortex-M0": CycleTable(f"Cortex-M0 Technical Reference Manual {_ZERO_WAIT_STATES}", _M0.straight, 2),
    "Cortex-M0+": CycleTable(f"Cortex-M0+ Technical Reference Manual {_ZERO_WAIT_STATES}", _M0.straight, 1),
    "Cortex-M3": CycleTable(f"Cortex-M3 Technical Reference Manual {_ZERO_WAIT_STATES}", _M3.straight, 2),
    "Cortex-M4": CycleTable(f"Cortex-M4 Technical Reference Manual {_ZERO_WAIT_STATES}", _M4.straight, 2),
    "Cortex-M7": CycleTable(f"{_LIKE_M4}, as if it never ran two instructions at once", _M4.straight, 2),
    "Cortex-M33": CycleTable(_LIKE_M4, _M4.straight, 2),
    "Cortex-M55": CycleTable(f"{_LIKE_M4}, and two cycles for an instruction of Helium", _M4.straight, 2),
    "RV32IMC": CycleTable(
        "costs that no manual states: 2 for a load, 3 for a taken branch, 34 for a division, 1 for all else",
        _riscv,
        2,
    ),
}


def table_of(core: str) -> CycleTable | None:
    """By a core's name as boards have it; None for a core of which no estimate is made."""
    return _TABLES.get(core.removesuffix("F"))
