"""Raspberry Pi Pico 2, an RP2350, on its Cortex-M33 cores."""

from __future__ import annotations

from tinyml_pipeline.boards.board import Arduino, Board, PlatformIO, Port, Uf2
from tinyml_pipeline.boards.machines import MEBIBYTE, arm_toolchain

_CORE = "https://github.com/earlephilhower/arduino-pico/releases/download/global/package_rp2040_index.json"

BOARD = Board(
    name="pico2",
    display="Raspberry Pi Pico 2 (RP2350)",
    core="Cortex-M33",
    clock_hz=150_000_000,
    flash_bytes=4 * MEBIBYTE,
    ram_bytes=512 * 1024,
    source="boards.txt of arduino-pico 4.4.0: 512 KB for data, of the chip's 520 KB of SRAM; 4 MB of flash, 150 MHz",
    toolchain=arm_toolchain("-mcpu=cortex-m33"),
    compiler_target="cortex-m33",
    optimize="speed",
    port=Port(
        startup="cortex_m",
        machine="rp2",
        flash_origin=0x10000000,
        ram_origin=0x20000000,
        reached_by="at GP0 (sends) and GP1 (receives), not by USB: connect a serial adapter or the debug probe",
        sources=("rp2/image_definition.S",),
        defines=("RP2350=1",),
    ),
    counter="cycles",
    batch_bytes=1024,
    line_buffer=32,  # the FIFO of its UART
    reserved_flash_bytes=8 * 1024,
    arduino=Arduino(
        "rp2040:rp2040:rpipico2",
        "rp2040:rp2040 (4.4.0)",
        _CORE,
        a0_note="A0 is GP26, pin 31 of the board",
        serial_buffer=255,
        counts_cycles=True,
    ),
    platformio=PlatformIO(
        "https://github.com/maxgerhardt/platform-raspberrypi.git",
        "rpipico2",
        options=("board_build.core = earlephilhower",),
    ),
    flashing=Uf2("RP2350", 0xE48BFF59),
)
