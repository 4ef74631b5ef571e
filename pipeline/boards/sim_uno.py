"""The ATmega328P of an Arduino Uno, cycle by cycle in simavr."""

from __future__ import annotations

from pipeline.boards.board import Board, Port, SimavrMachine, Toolchain

BOARD = Board(
    name="sim-uno",
    display="Arduino Uno in simavr",
    core="ATmega328P",
    clock_hz=16_000_000,
    flash_bytes=32 * 1024,
    ram_bytes=2 * 1024,
    source="Microchip ATmega328P data sheet DS40002061B; 16 MHz as on the Uno",
    toolchain=Toolchain(
        "avr-",
        "gcc-avr",
        ("-mmcu=atmega328p",),
        defines=("F_CPU=16000000UL",),
        libraries=("-lgcc", "-lc", "-lgcc"),
        headers_package="avr-libc",
    ),
    compiler_target="avr",
    optimize="size",
    port=Port(startup="atmega328p", machine="atmega328p", flash_origin=0x000000, ram_origin=0x800100, word_bytes=1),
    emulator=SimavrMachine("atmega328p"),
    counter="cycles",
    line_buffer=64,
)
