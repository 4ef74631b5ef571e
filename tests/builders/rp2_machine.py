"""An RP2040 or RP2350 as far as a .uf2 file and our firmware need one: boot ROM, clocks, resets, pins, UART0, counters.

Clocks and blocks answer only in an order in which the chips would: a crystal that was started, a PLL out of reset, a
UART with a clock. The boot ROM's checks are those of the data sheets: second stage and its checksum on the RP2040, the
image's definition on the RP2350.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import unicorn
from unicorn import arm_const as arm

from tests.builders.bare_chip import BareChip

FLASH, RAM = 0x10000000, 0x20000000
BLOCK_BYTES, BOOT2_BYTES, BOOT2_AT = 0x4000, 256, 0x20041F00
CLEAR, SET = 0x3000, 0x2000
CRYSTAL_HZ, FIFO_BYTES = 12_000_000, 32
DEFINITION = struct.pack("<5I", 0xFFFFDED3, 0x10210142, 0x000001FF, 0, 0xAB123579)
TRACE, SYSTEM = 0xE0001000, 0xE000E000
READ_ONLY = unicorn.UC_PROT_READ | unicorn.UC_PROT_EXEC


@dataclass(frozen=True)
class Chip:
    """Addresses and bits that differ; `resets` are those of pins, pads, PLL and UART."""

    name: str
    family: int
    flash_bytes: int
    ram_bytes: int
    blocks: dict[str, int]
    resets: dict[str, int]
    isolation: int
    """The bit that cuts a pad off after reset; 0 where there is none."""


RP2040 = Chip(
    "pico", 0xE48BFF56, 2 << 20, 264 << 10,
    {"clocks": 0x40008000, "resets": 0x4000C000, "io": 0x40014000, "pads": 0x4001C000, "xosc": 0x40024000,
     "pll": 0x40028000, "uart": 0x40034000, "timer": 0x40054000, "watchdog": 0x40058000, "ssi": 0x18000000},
    {"io": 5, "pads": 8, "pll": 12, "timer": 21, "uart": 22}, 0,
)  # fmt: skip
RP2350 = Chip(
    "pico2", 0xE48BFF59, 4 << 20, 520 << 10,
    {"clocks": 0x40010000, "resets": 0x40020000, "io": 0x40028000, "pads": 0x40038000, "xosc": 0x40048000,
     "pll": 0x40050000, "uart": 0x40070000},
    {"io": 6, "pads": 9, "pll": 14, "uart": 26}, 1 << 8,
)  # fmt: skip


def crc32(data: bytes) -> int:
    """CRC-32 as the RP2040's boot ROM computes it: from the top bit, not inverted."""
    found = 0xFFFFFFFF
    for byte in data:
        found ^= byte << 24
        for _ in range(8):
            found = (found << 1 ^ 0x04C11DB7 if found >> 31 else found << 1) & 0xFFFFFFFF
    return found


def flash_of(uf2: bytes, chip: Chip) -> bytes:
    """What the boot ROM writes: whole blocks of this family, one after the other from the start of the flash."""
    flash = bytearray()
    for start in range(0, len(uf2), 512):
        magic, second, flags, address, size, number, count, family = struct.unpack_from("<8I", uf2, start)
        (end,) = struct.unpack_from("<I", uf2, start + 508)
        assert (magic, second, end, flags) == (0x0A324655, 0x9E5D5157, 0x0AB16F30, 0x2000)
        assert (size, number, count, family) == (256, start // 512, len(uf2) // 512, chip.family)
        assert address == FLASH + len(flash)
        flash += uf2[start + 32 : start + 32 + size]
    return bytes(flash)


class Rp2(BareChip):
    """The counter of time shows the square of how often it was looked at."""

    def __init__(self, chip: Chip, uf2: Path, log: Path) -> None:
        super().__init__(chip.name, log, FIFO_BYTES)
        self._chip, self._flash = chip, flash_of(uf2.read_bytes(), chip)
        self.registers: dict[tuple[str, int], int] = {}
        self._in_reset = 0xFFFFFFFF
        self._looks = 0

    @property
    def program_counter(self) -> int:
        return int(self._machine.reg_read(arm.UC_ARM_REG_PC)) | 1

    @property
    def system_hz(self) -> float:
        """What the cores' clock has become."""
        if self._source("clocks", 0x3C) == 0:
            return CRYSTAL_HZ
        dividers = self._get("pll", 0x0C)
        return CRYSTAL_HZ * self._get("pll", 0x08) / (dividers >> 16 & 7) / (dividers >> 12 & 7)

    @property
    def baud(self) -> float:
        return CRYSTAL_HZ / 16 / (self._get("uart", 0x24) + self._get("uart", 0x28) / 64)

    def power_on(self) -> tuple[unicorn.Uc, int]:
        machine = unicorn.Uc(unicorn.UC_ARCH_ARM, unicorn.UC_MODE_THUMB | unicorn.UC_MODE_MCLASS)
        machine.ctl_set_cpu_model(arm.UC_CPU_ARM_CORTEX_M0 if self._chip is RP2040 else arm.UC_CPU_ARM_CORTEX_M33)
        machine.mem_map(FLASH, self._chip.flash_bytes, READ_ONLY)
        machine.mem_write(FLASH, self._flash)
        machine.mem_map(RAM, self._chip.ram_bytes)
        machine.mem_write(RAM, b"\xa5" * self._chip.ram_bytes)
        for name, base in self._chip.blocks.items():
            machine.mmio_map(base, BLOCK_BYTES, self._reader(name), None, self._writer(name), None)
        for name, base in (("trace", TRACE), ("system", SYSTEM)):
            machine.mmio_map(base, 0x1000, self._reader(name), None, self._writer(name), None)
        return machine, self._boot(machine)

    def _boot(self, machine: unicorn.Uc) -> int:
        if self._chip is RP2040:
            second_stage = self._flash[:BOOT2_BYTES]
            assert crc32(second_stage[:-4]) == struct.unpack("<I", second_stage[-4:])[0], (
                "the boot ROM would not start it"
            )
            machine.mem_write(BOOT2_AT, second_stage)
            machine.reg_write(arm.UC_ARM_REG_LR, 0)
            return BOOT2_AT | 1
        assert self._flash.find(DEFINITION, 0, 4096) % 4 == 0, "the boot ROM would not know it for a program"
        stack, reset = struct.unpack_from("<II", self._flash)
        machine.reg_write(arm.UC_ARM_REG_SP, stack)
        return int(reset)

    def _reader(self, block: str) -> Callable[..., int]:
        return lambda _machine, register, _size, _data: self._read_register(block, register)

    def _writer(self, block: str) -> Callable[..., None]:
        return lambda _machine, register, _size, value, _data: self._write_register(block, register, value)

    def _get(self, block: str, register: int) -> int:
        return self.registers.get((block, register), 0)

    def _source(self, block: str, register: int) -> int:
        return self._get(block, register) & 3

    def _must(self, true: bool, what: str) -> None:
        if not true:
            self.stop(what)

    def _is_stable(self) -> bool:
        return self._get("xosc", 0) == 0xFABAA0 and self._get("xosc", 0x0C) >= CRYSTAL_HZ // 1000 // 256

    def _is_locked(self) -> bool:
        return self._get("pll", 0x08) * CRYSTAL_HZ >= 750e6 and not self._get("pll", 0x04) & (1 | 1 << 5)

    def _read_register(self, block: str, register: int) -> int:
        self._must(not self._is_in_reset(block), f"{block} is read in reset")
        match block, register:
            case "resets", 8:
                return ~self._in_reset & 0xFFFFFFFF
            case "xosc", 4:
                return self._is_stable() << 31
            case "clocks", 0x38 | 0x44:
                return 1 << self._source("clocks", register - 8)
            case "pll", 0:
                return self._is_locked() << 31 | self._get("pll", 0)
            case "uart", 0x18:
                return (self.waiting() == 0) << 4
            case "uart", 0:
                return self.take()
            case "timer", 0x28:
                self._must(self._get("watchdog", 0x2C) == (1 << 9 | CRYSTAL_HZ // 1_000_000), "the timer has no tick")
                self._looks += 1
                return self._looks**2
            case "trace", 4:
                enabled = self._get("system", 0xDFC) >> 24 & 1 and self._get("trace", 0) & 1
                self._looks += enabled
                return self._looks**2
        return self._get(block, register)

    def _write_register(self, block: str, register: int, value: int) -> None:
        self._must(not self._is_in_reset(block), f"{block} is written in reset")
        match block, register:
            case "resets", _:
                assert register in (CLEAR, SET)
                self._in_reset = self._in_reset & ~value if register == CLEAR else self._in_reset | value
                return
            case "clocks", 0x30 if value & 3 == 2:
                self._must(self._is_stable(), "clk_ref goes to a crystal that does not run")
            case "clocks", 0x3C if value & 1:
                self._must(self._is_locked() and not self._get("pll", 4) & 8, "clk_sys goes to a PLL that does not run")
            case "clocks", 0x48 if value >> 5 & 7 == 4:
                self._must(self._is_stable(), "clk_peri goes to a crystal that does not run")
            case "uart", 0:
                self._must(self._pins_are_connected(), "the UART's pins are not connected")
                self._must(self._get("uart", 0x30) == 0x301 and self._get("uart", 0x2C) == 0x70, "the UART is off")
                self.send(value & 0xFF)
        self.registers[block, register] = value

    def _is_in_reset(self, block: str) -> bool:
        bit = self._chip.resets.get(block)
        without_clock = block == "uart" and not self._get("clocks", 0x48) >> 11 & 1
        return without_clock or (bit is not None and bool(self._in_reset >> bit & 1))

    def _pins_are_connected(self) -> bool:
        pads = [self.registers.get(("pads", 4 + 4 * pin), self._chip.isolation) for pin in (0, 1)]
        functions = [self._get("io", 4 + 8 * pin) for pin in (0, 1)]
        return functions == [2, 2] and all(pad & 1 << 6 and not pad & (self._chip.isolation | 1 << 7) for pad in pads)
