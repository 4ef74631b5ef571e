"""ESP32-C3 on a DevKit, such as the ESP32-C3-DevKitM-1."""

from __future__ import annotations

from tinyml_pipeline.boards.board import Port
from tinyml_pipeline.boards.espressif import espressif_board
from tinyml_pipeline.boards.machines import RISCV_TOOLCHAIN

BOARD = espressif_board(
    "esp32c3",
    "ESP32-C3 DevKitM-1",
    "RV32IMC",
    clock_hz=160_000_000,
    ram_bytes=320 * 1024,
    source="boards.txt of arduino-esp32: 320 KB for data, of the chip's 400 KB of SRAM; 4 MB of flash as in FN4",
    fqbn="esp32:esp32:esp32c3",
    platformio_board="esp32-c3-devkitm-1",
    led="RGB_BUILTIN",
    light="rgb",
    a0_note="A0 is GPIO0",
    compiler_target="rv32imc",
    toolchain=RISCV_TOOLCHAIN,
    counter="cycles",
    line_buffer=128,  # the FIFO of its UART
    port=Port(
        startup="esp32c3",
        machine="esp32c3",
        script="esp32c3/esp32c3.ld",
        sources=("esp32c3/app_description.c",),
        ram_origin=0x3FC80000,
        reached_by="once the chip has the boot loader of any Arduino or ESP-IDF program",
    ),
)
