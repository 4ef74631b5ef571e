"""ARM's MPS2 board with AN505, a Cortex-M33, in QEMU; the firmware is secure, at the secure addresses."""

from __future__ import annotations

from tinyml_pipeline.boards.machines import MEBIBYTE, mps2_board

BOARD = mps2_board(
    "sim-cortex-m33",
    "Cortex-M33 in QEMU",
    "Cortex-M33",
    machine="mps2-an505",
    cpu="cortex-m33",
    compiler_target="cortex-m33",
    optimize="speed",
    source="ARM DAI 0505: SSRAM1 as flash, SSRAM2 as RAM, 20 MHz",
    clock_hz=20_000_000,
    flash_origin=0x10000000,
    ram_origin=0x38000000,
    ram_bytes=2 * MEBIBYTE,
    uart_base=0x50200000,
    timer_base=0x50000000,
)
