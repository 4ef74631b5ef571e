"""ARM's MPS2 board with AN386, a Cortex-M4F, in QEMU."""

from __future__ import annotations

from tinyml_pipeline.boards.machines import mps2_board

BOARD = mps2_board(
    "sim-cortex-m4",
    "Cortex-M4F in QEMU",
    "Cortex-M4F",
    machine="mps2-an386",
    cpu="cortex-m4",
    compiler_target="cortex-m4",
    optimize="speed",
    source="ARM DAI 0386: SSRAM1 as flash, SSRAM2 and 3 as RAM, 25 MHz",
)
