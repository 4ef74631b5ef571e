"""Arduino Uno R3, an ATmega328P."""

from __future__ import annotations

from tinyml_pipeline.boards.board import Arduino, Avrdude, Board, PlatformIO, Port
from tinyml_pipeline.boards.machines import avr_toolchain

TOOLCHAIN = avr_toolchain("atmega328p")
PORT = Port(startup="atmega328p", machine=None, flash_origin=0x000000, ram_origin=0x800100, word_bytes=1)
# Pin 13, the built-in LED, has no PWM.
ARDUINO = Arduino(
    "arduino:avr:uno",
    "arduino:avr (1.8.6)",
    led="9",
    led_note="no built-in LED that can be dimmed: put one here, with a resistor",
)

BOARD = Board(
    name="uno",
    display="Arduino Uno R3",
    core="ATmega328P",
    clock_hz=16_000_000,
    flash_bytes=32 * 1024,
    ram_bytes=2 * 1024,
    source="Microchip ATmega328P data sheet DS40002061B; boards.txt of arduino:avr 1.8.6: 16 MHz, 512 bytes to boot",
    toolchain=TOOLCHAIN,
    compiler_target="avr",
    optimize="size",
    port=PORT,
    reserved_flash_bytes=512,
    arduino=ARDUINO,
    platformio=PlatformIO("atmelavr", "uno"),
    flashing=Avrdude("arduino", "atmega328p", 115200),
)
