"""ESP32 on a DevKit, such as the ESP32-DevKitC."""

from __future__ import annotations

from tinyml_pipeline.boards.espressif import espressif_board

BOARD = espressif_board(
    "esp32",
    "ESP32 DevKitC",
    "Xtensa LX6",
    clock_hz=240_000_000,
    ram_bytes=320 * 1024,
    # The ROM's own data cut the RAM in two: esp_system/ld/esp32/memory.ld.in gives static data 0x2c200 bytes from
    # 0x3FFB0000 on, and Bluetooth, with which the Arduino core is built, takes 0xdb5c of them.
    static_ram_bytes=0x2C200 - 0xDB5C,
    source="boards.txt of arduino-esp32: 320 KB for data, of the chip's 520 KB of SRAM; ESP-IDF's memory.ld.in: 121.7"
    " KB of them for static data, next to Bluetooth; 4 MB of flash as in WROOM-32E",
    fqbn="esp32:esp32:esp32",
    platformio_board="esp32dev",
    led="2",
    led_note="many boards have theirs at 2, the DevKitC has none: put one here, with a resistor",
    a0_note="A0 is GPIO36, marked VP on the DevKitC",
)
