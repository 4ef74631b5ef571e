"""ESP8266 on a NodeMCU 1.0."""

from __future__ import annotations

from tinyml_pipeline.boards.board import Arduino, Board, Esptool, PlatformIO

BOARD = Board(
    name="esp8266",
    display="NodeMCU 1.0 (ESP8266)",
    core="Xtensa L106",
    clock_hz=80_000_000,
    flash_bytes=4 << 20,
    ram_bytes=80 * 1024,
    source="boards.txt of the core 3.1.2: 80 KB for data, 80 MHz; 4 MB of flash, 1,044,464 bytes of it for the sketch",
    toolchain=None,
    compiler_target="xtensa",
    optimize="size",
    port=None,
    batch_bytes=1024,
    reserved_flash_bytes=(4 << 20) - 1_044_464,
    constants_in_ram=True,
    arduino=Arduino(
        "esp8266:esp8266:nodemcuv2",
        "esp8266:esp8266 (3.1.2)",
        "https://arduino.esp8266.com/stable/package_esp8266com_index.json",
        light="inverted",
        serial_buffer=255,
    ),
    platformio=PlatformIO("espressif8266", "nodemcuv2"),
    # As the core's tools do it: 115200 baud, and one file that holds the boot loader too.
    flashing=Esptool("esp8266", baud=115200, image=".bin"),
)
