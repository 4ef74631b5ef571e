"""An ESP32-C3 as far as its boot loader and our firmware need one: the image's segments, UART0 and a counter of cycles.

Unicorn knows nothing of this chip. What it cannot show: the real boot loader, the cache's page table.
"""

from __future__ import annotations

import struct
from pathlib import Path

import unicorn
from unicorn import riscv_const as riscv

from tests.builders.bare_chip import BareChip

HEADER_BYTES, SEGMENT_BYTES, IMAGE_MAGIC = 24, 8, 0xE9
CODE, CONSTANTS, MAPPED_BYTES = 0x42000000, 0x3C000000, 4 << 20
RAM, RAM_BYTES = 0x3FC80000, 320 * 1024
UART, RTC, TIMER_GROUP, PAGE = 0x60000000, 0x60008000, 0x6001F000, 0x1000
UART_FIFO, UART_STATUS, FIFO_BYTES = 0x00, 0x1C, 128
COUNTER_REGISTERS = range(0x7E0, 0x7E3)  # mpcer, mpcmr, mpccr
ILLEGAL_INSTRUCTION, SYSTEM = 2, 0x73


class Esp32c3(BareChip):
    """Each look at the counter is a cycle later than the one before."""

    def __init__(self, image: Path, log: Path) -> None:
        super().__init__("esp32c3", log, FIFO_BYTES)
        self._image = image.read_bytes()
        self._cycles = 0

    def power_on(self) -> tuple[unicorn.Uc, int]:
        machine = unicorn.Uc(unicorn.UC_ARCH_RISCV, unicorn.UC_MODE_RISCV32)
        machine.mem_map(CODE, MAPPED_BYTES, unicorn.UC_PROT_READ | unicorn.UC_PROT_EXEC)
        machine.mem_map(CONSTANTS, MAPPED_BYTES, unicorn.UC_PROT_READ)
        machine.mem_map(RAM, RAM_BYTES, unicorn.UC_PROT_READ | unicorn.UC_PROT_WRITE)
        machine.mem_write(RAM, b"\xa5" * RAM_BYTES)  # a boot loader leaves no zeros
        machine.mmio_map(UART, PAGE, self._read_uart, None, self._write_uart, None)
        for watchdogs in (RTC, TIMER_GROUP):
            machine.mmio_map(watchdogs, PAGE, lambda *_: 0, None, lambda *_: None, None)
        machine.hook_add(unicorn.UC_HOOK_INTR, self._trap)
        return machine, self._load(machine)

    @property
    def program_counter(self) -> int:
        return int(self._machine.reg_read(riscv.UC_RISCV_REG_PC))

    def _load(self, machine: unicorn.Uc) -> int:
        """What the boot loader does with an image; returns where the program begins."""
        magic, count, _, _, entry = struct.unpack_from("<BBBBI", self._image)
        assert magic == IMAGE_MAGIC
        at = HEADER_BYTES
        for _ in range(count):
            address, size = struct.unpack_from("<II", self._image, at)
            at += SEGMENT_BYTES
            if address:  # else it fills a page
                machine.mem_write(address, self._image[at : at + size])
            at += size
        return int(entry)

    def _read_uart(self, _: unicorn.Uc, register: int, *__: object) -> int:
        if register == UART_FIFO:
            return self.take()
        assert register == UART_STATUS
        return self.waiting()

    def _write_uart(self, _: unicorn.Uc, register: int, __: int, value: int, ___: object) -> None:
        assert register == UART_FIFO
        self.send(value)

    def _trap(self, machine: unicorn.Uc, cause: int, _: object) -> None:
        """Espressif's counter is no register that Unicorn knows, so using it traps: at it, or just behind it."""
        here = machine.reg_read(riscv.UC_RISCV_REG_PC)
        for at in (here, here - 4):
            (instruction,) = struct.unpack("<I", machine.mem_read(at, 4))
            if instruction & 0x7F == SYSTEM and instruction >> 20 in COUNTER_REGISTERS:
                break
        else:
            self.stop(f"trap {cause} at {here:#x}")
            return
        assert cause == ILLEGAL_INSTRUCTION
        self._cycles += 1
        if destination := instruction >> 7 & 31:
            machine.reg_write(riscv.UC_RISCV_REG_X0 + destination, self._cycles)
        machine.reg_write(riscv.UC_RISCV_REG_PC, at + 4)
