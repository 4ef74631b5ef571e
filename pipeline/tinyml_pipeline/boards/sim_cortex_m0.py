"""A BBC micro:bit, whose nRF51822 is a Cortex-M0, in QEMU."""

from __future__ import annotations

from tinyml_pipeline.boards.board import Board, Port, QemuMachine
from tinyml_pipeline.boards.machines import arm_toolchain

BOARD = Board(
    name="sim-cortex-m0",
    display="micro:bit in QEMU",
    core="Cortex-M0",
    clock_hz=16_000_000,
    flash_bytes=256 * 1024,
    ram_bytes=16 * 1024,
    source="Nordic nRF51822 product specification 3.4, variant QFAA",
    toolchain=arm_toolchain("-mcpu=cortex-m0"),
    compiler_target="cortex-m0",
    optimize="size",
    port=Port(startup="cortex_m", machine="nrf51", flash_origin=0x00000000, ram_origin=0x20000000),
    emulator=QemuMachine("qemu-system-arm", "qemu-system-arm", "microbit", icount_shift=10),
    counter="instructions",
    batch_bytes=2048,
    line_buffer=4096,
)
