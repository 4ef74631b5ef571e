"""Raspberry Pi Pico, an RP2040, with the Mbed core."""

from __future__ import annotations

from tinyml_pipeline.boards.board import Arduino, Board, PlatformIO, Port, Uf2
from tinyml_pipeline.boards.machines import MEBIBYTE, arm_toolchain

BOARD = Board(
    name="pico",
    display="Raspberry Pi Pico (RP2040)",
    core="Cortex-M0+",
    clock_hz=125_000_000,
    flash_bytes=2 * MEBIBYTE,
    ram_bytes=264 * 1024,
    source="boards.txt of arduino:mbed_rp2040 4.1.5: 264 KB of SRAM, 2 MB of flash; 125 MHz as Pico SDK 1 sets it",
    toolchain=arm_toolchain("-mcpu=cortex-m0plus"),
    compiler_target="cortex-m0",
    optimize="speed",
    port=Port(
        startup="cortex_m",
        machine="rp2",
        flash_origin=0x10000000,
        ram_origin=0x20000000,
        reached_by="at GP0 (sends) and GP1 (receives), not by USB: connect a serial adapter or the debug probe",
        sources=("rp2/boot2.S",),
    ),
    counter="microseconds",
    batch_bytes=1024,
    line_buffer=32,  # the FIFO of its UART
    arduino=Arduino(
        "arduino:mbed_rp2040:pico",
        "arduino:mbed_rp2040 (4.1.5)",
        a0_note="A0 is GP26, pin 31 of the board",
        serial_buffer=64,
    ),
    platformio=PlatformIO("raspberrypi", "pico"),
    flashing=Uf2("RPI-RP2", 0xE48BFF56),
    tflm_library="chirale",
)
