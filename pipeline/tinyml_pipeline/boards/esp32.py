"""ESP32 on a DevKit, such as the ESP32-DevKitC."""

from __future__ import annotations

from tinyml_pipeline.boards.espressif import espressif_board

BOARD = espressif_board(
    "esp32",
    "ESP32 DevKitC",
    "Xtensa LX6",
    clock_hz=240_000_000,
    ram_bytes=320 * 1024,
    source="boards.txt of arduino-esp32: 320 KB for data, of the chip's 520 KB of SRAM; 4 MB of flash as in WROOM-32E",
    fqbn="esp32:esp32:esp32",
    platformio_board="esp32dev",
    led="2",
    led_note="many boards have theirs at 2, the DevKitC has none: put one here, with a resistor",
    a0_note="A0 is GPIO36, marked VP on the DevKitC",
)
