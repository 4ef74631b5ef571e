"""What a board is: a processor, its memory, the compiler for it and, where there is one, a machine that plays it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

CompilerTarget = Literal["portable", "arm_dsp", "avr", "rv32"]
Optimize = Literal["size", "speed"]
Counter = Literal["instructions", "cycles", "nothing"]


@dataclass(frozen=True)
class Toolchain:
    """A C compiler: its programs' common prefix, Debian's package, and the flags that choose the processor."""

    prefix: str
    package: str
    flags: tuple[str, ...] = ()
    defines: tuple[str, ...] = ()
    libraries: tuple[str, ...] = ("-lgcc",)
    headers_package: str | None = None
    """The package of a C library, where the firmware uses one; elsewhere firmware/ports/freestanding stands in."""


@dataclass(frozen=True)
class QemuMachine:
    """QEMU counts instructions, not cycles: `-icount shift` gives each 2**shift nanoseconds of the machine's time."""

    program: str
    package: str
    machine: str
    icount_shift: int
    options: tuple[str, ...] = ()

    @property
    def nanoseconds_per_instruction(self) -> int:
        return 1 << self.icount_shift


@dataclass(frozen=True)
class SimavrMachine:
    """libsimavr counts an AVR's cycles; the firmware is joined to it by firmware/ports/simavr_bridge."""

    mcu: str
    package: str = "libsimavr-dev"


@dataclass(frozen=True)
class Port:
    """What stands under firmware/ports for a machine, and where its memory lies."""

    startup: str
    """The folder of the start-up code."""
    machine: str
    """The folder of UART and counter."""
    flash_origin: int = 0
    ram_origin: int = 0
    word_bytes: int = 4
    defines: tuple[str, ...] = ()
    """Addresses and frequencies that the machine's C wants, as NAME=VALUE."""


@dataclass(frozen=True)
class Board:
    """One board. `source` says where clock, flash and RAM come from."""

    name: str
    display: str
    core: str
    clock_hz: int
    flash_bytes: int
    ram_bytes: int
    source: str
    toolchain: Toolchain
    compiler_target: CompilerTarget
    optimize: Optimize
    """What the compiler aims at where nobody says otherwise."""
    port: Port
    emulator: QemuMachine | SimavrMachine | None = None
    counter: Counter = "nothing"
    batch_bytes: int = 0
    """RAM that the verify firmware may give to vectors of one frame; 0: always one vector a frame."""
    line_buffer: int = 0
    """How many bytes wait unread on the machine's line before any is lost."""


@dataclass(frozen=True)
class Tool:
    """An outside program and the Debian package that brings it; or a header that the program, a compiler, must find."""

    program: str
    package: str
    purpose: str
    header: str | None = None
