"""ARM's MPS2 board with AN385, a Cortex-M3, in QEMU."""

from __future__ import annotations

from tinyml_pipeline.boards.machines import mps2_board

BOARD = mps2_board(
    "sim-cortex-m3",
    "Cortex-M3 in QEMU",
    "Cortex-M3",
    machine="mps2-an385",
    cpu="cortex-m3",
    compiler_target="cortex-m3",
    optimize="speed",
    source="ARM DAI 0385: SSRAM1 as flash, SSRAM2 and 3 as RAM, 25 MHz",
)
