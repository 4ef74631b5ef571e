"""What the generated C is for: processors as sets of instructions, by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Flag, auto
from typing import Literal

Optimize = Literal["size", "balanced", "speed"]
CYCLES_PER_BYTE: Mapping[Optimize, int] = {"size": 100, "balanced": 20, "speed": 0}
"""What an inference may take longer for each byte of flash that it saves."""


class Isa(Flag):
    """What a processor has beyond what plain C99 asks for. Kernels name what they need."""

    LONG_MULTIPLY = auto()  # 32 x 32 -> 64 bits in one instruction or two
    DSP = auto()  # Arm's dual 16-bit multiplies and saturation
    MVE = auto()  # Arm's Helium, the integer part
    ARMV6M = auto()  # Arm's 16-bit Thumb with a multiply of 32 bits, no long one
    AVR_MUL = auto()  # 8-bit AVR with MUL and LPM
    RV_M = auto()  # RISC-V's multiply and divide
    XTENSA_MUL = auto()  # Xtensa's 32-bit multiply


NO_ISA = Isa(0)


@dataclass(frozen=True)
class Target:
    """A kind of processor, and how much bytes matter against cycles.

    `reach_bytes` is the most that one array, or all constants together, may hold. `alignment`, in bytes, is what
    kernels that need an instruction set may count on for every tensor that they read or write. If `flash_is_separate`,
    constants cannot be read like data. Every target's C gives the same output bytes.
    """

    name: str = "portable"
    isa: Isa = NO_ISA
    reach_bytes: int = 2**31 - 1
    alignment: int = 1
    flash_is_separate: bool = False
    optimize: Optimize = "size"

    def has(self, isa: Isa) -> bool:
        """Whether it has all of these instructions."""
        return isa in self.isa


_ARM = Isa.LONG_MULTIPLY | Isa.DSP
TARGETS: Mapping[str, Target] = {
    target.name: target
    for target in (
        Target(),
        Target("cortex-m0", Isa.ARMV6M),
        Target("cortex-m3", Isa.LONG_MULTIPLY),
        Target("cortex-m4", _ARM, alignment=4),
        Target("cortex-m7", _ARM, alignment=4),
        Target("cortex-m33", _ARM, alignment=4),
        Target("cortex-m55", _ARM | Isa.MVE, alignment=4),
        Target("avr", Isa.AVR_MUL, reach_bytes=2**15 - 1, flash_is_separate=True),
        Target("rv32imc", Isa.RV_M | Isa.LONG_MULTIPLY),
        Target("xtensa", Isa.XTENSA_MUL),
    )
}


def find_target(name: str, optimize: Optimize = "size") -> Target:
    """The target of that name; KeyError for an unknown one (boards are tested for theirs)."""
    return replace(TARGETS[name], optimize=optimize)
