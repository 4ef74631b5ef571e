"""The ATmega328P of an Arduino Uno, cycle by cycle in simavr."""

from __future__ import annotations

from dataclasses import replace

from tinyml_pipeline.boards.board import Board, SimavrMachine
from tinyml_pipeline.boards.uno import ARDUINO, PORT, TOOLCHAIN

BOARD = Board(
    name="sim-uno",
    display="Arduino Uno in simavr",
    core="ATmega328P",
    clock_hz=16_000_000,
    flash_bytes=32 * 1024,
    ram_bytes=2 * 1024,
    source="Microchip ATmega328P data sheet DS40002061B; 16 MHz as on the Uno",
    toolchain=TOOLCHAIN,
    compiler_target="avr",
    optimize="size",
    port=replace(PORT, machine="atmega328p"),
    emulator=SimavrMachine("atmega328p"),
    counter="cycles",
    line_buffer=64,
    arduino=replace(ARDUINO, counts_cycles=True),
)
