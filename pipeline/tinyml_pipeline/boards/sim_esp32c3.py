"""The core of an ESP32-C3, RV32IMC, on QEMU's 'virt' machine: its instructions and sizes, not its peripherals."""

from __future__ import annotations

from tinyml_pipeline.boards.board import Board, Port, QemuMachine
from tinyml_pipeline.boards.machines import RISCV_TOOLCHAIN

BOARD = Board(
    name="sim-esp32c3",
    display="ESP32-C3's core in QEMU",
    core="RV32IMC",
    clock_hz=160_000_000,
    flash_bytes=4 << 20,
    ram_bytes=400 * 1024,
    source="Espressif ESP32-C3 data sheet 2.1: 400 KB of SRAM, up to 160 MHz; 4 MB of flash as in ESP32-C3FN4",
    toolchain=RISCV_TOOLCHAIN,
    compiler_target="rv32imc",
    optimize="speed",
    port=Port(startup="rv32_virt", machine="rv32_virt", flash_origin=0x80000000, ram_origin=0x80400000),
    emulator=QemuMachine("qemu-system-riscv32", "qemu-system-misc", "virt", icount_shift=0, options=("-bios", "none")),
    counter="instructions",
    batch_bytes=4096,
    line_buffer=4096,
)
