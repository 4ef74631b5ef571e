"""ESP8266 on a NodeMCU 1.0."""

from __future__ import annotations

from pipeline.boards.board import Arduino, Board, Esptool, PlatformIO

BOARD = Board(
    name="esp8266",
    display="NodeMCU 1.0 (ESP8266)",
    core="Xtensa L106",
    clock_hz=80_000_000,
    flash_bytes=4 << 20,
    ram_bytes=80 * 1024,
    source="Espressif ESP8266EX data sheet 7.0: 80 KB for data, 80 MHz; NodeMCU: 4 MB, 1 of it for the sketch",
    toolchain=None,
    compiler_target="portable",
    optimize="size",
    port=None,
    batch_bytes=1024,
    reserved_flash_bytes=3 << 20,
    constants_in_ram=True,
    arduino=Arduino(
        "esp8266:esp8266:nodemcuv2",
        "esp8266:esp8266 (3.1.2)",
        "https://arduino.esp8266.com/stable/package_esp8266com_index.json",
        serial_buffer=255,
    ),
    platformio=PlatformIO("espressif8266", "nodemcuv2"),
    flashing=Esptool("esp8266"),
)
