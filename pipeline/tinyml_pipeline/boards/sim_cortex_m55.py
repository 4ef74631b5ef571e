"""ARM's MPS3 board with AN547, a Cortex-M55, in QEMU; the firmware is secure, and uses the vector extension."""

from __future__ import annotations

from tinyml_pipeline.boards.machines import mps2_board

BOARD = mps2_board(
    "sim-cortex-m55",
    "Cortex-M55 in QEMU",
    "Cortex-M55",
    machine="mps3-an547",
    cpu="cortex-m55",
    compiler_target="cortex-m55",
    optimize="speed",
    float_abi="hard",
    source="ARM DAI 0547: ITCM as flash, DTCM as RAM, 32 MHz",
    clock_hz=32_000_000,
    flash_origin=0x10000000,
    flash_bytes=512 * 1024,
    ram_origin=0x30000000,
    ram_bytes=512 * 1024,
    uart_base=0x59303000,
    timer_base=0x58000000,
    defines=("SSE_COUNTER_BASE=0x58100000u",),
)
