"""ARM's MPS2 board with AN500, a Cortex-M7, in QEMU."""

from __future__ import annotations

from tinyml_pipeline.boards.machines import mps2_board

BOARD = mps2_board(
    "sim-cortex-m7",
    "Cortex-M7 in QEMU",
    "Cortex-M7",
    machine="mps2-an500",
    cpu="cortex-m7",
    compiler_target="cortex-m7",
    optimize="speed",
    source="ARM DAI 0500: SSRAM1 as flash, SSRAM2 and 3 as RAM, 25 MHz",
)
