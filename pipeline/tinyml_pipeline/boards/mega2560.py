"""Arduino Mega 2560 R3, an ATmega2560."""

from __future__ import annotations

from tinyml_pipeline.boards.board import Arduino, Avrdude, Board, PlatformIO, Port
from tinyml_pipeline.boards.machines import avr_toolchain

BOARD = Board(
    name="mega2560",
    display="Arduino Mega 2560 R3",
    core="ATmega2560",
    clock_hz=16_000_000,
    flash_bytes=256 * 1024,
    ram_bytes=8 * 1024,
    source="Microchip ATmega2560 data sheet DS40002211A; boards.txt of arduino:avr 1.8.6: 16 MHz, 8 KB to boot",
    toolchain=avr_toolchain("atmega2560"),
    compiler_target="avr",
    optimize="size",
    port=Port(startup="atmega328p", machine=None, flash_origin=0x000000, ram_origin=0x800200, word_bytes=1),
    reserved_flash_bytes=8 * 1024,
    arduino=Arduino("arduino:avr:mega:cpu=atmega2560", "arduino:avr (1.8.6)"),
    platformio=PlatformIO("atmelavr", "megaatmega2560"),
    flashing=Avrdude("wiring", "atmega2560", 115200),
)
